import { afterEach, beforeEach, expect, it } from 'vitest'
import { connectUnix } from '../../../src/os/socket.js'
import type { QmpClient } from '../../../src/wire/qmp/client.js'
import { openMonitor } from '../../../src/wire/qmp/open.js'

/** A QEMU, stopped, with a USB bus `usb.0`; real or played. */
export interface TestedQemu extends AsyncDisposable {
  readonly path: string
}

/** What a client sees of a stopped QEMU: the same on a real one and on the one the unit tests play. */
export function clientSuite(start: () => Promise<TestedQemu>): void {
  let qemu: TestedQemu
  let client: QmpClient

  beforeEach(async () => {
    qemu = await start()
    client = await openMonitor(await connectUnix(qemu.path))
  })
  afterEach(async () => {
    client.close()
    await qemu[Symbol.asyncDispose]()
  })

  it('greets with its version', async () => {
    expect(await client.greeting).toMatchObject({ version: { qemu: { major: expect.any(Number) } } })
  })

  it('answers a command', async () => {
    expect(await client.execute('query-status')).toMatchObject({ running: false, status: 'prelaunch' })
  })

  it('answers many commands sent at once, each its own', async () => {
    const names = ['query-status', 'qom-list-types', 'query-status', 'qom-list-types']
    const all = Array.from({ length: 40 }, (_, i) => client.execute(names[i % 4] as string))
    const kinds = (await Promise.all(all)).map((answer) => Array.isArray(answer))
    expect(kinds).toEqual(Array.from({ length: 40 }, (_, i) => i % 2 === 1))
  })

  it('says what QEMU does not know', async () => {
    await expect(client.execute('no-such-command')).rejects.toMatchObject({
      code: 'unsupported',
      message: 'no-such-command: The command no-such-command has not been found',
      domain: 10,
      details: { qmpClass: 'CommandNotFound' },
    })
  })

  it('keeps the class and words of a refusal, whatever they hold', async () => {
    const id = `no "such" device, 'so on'\\n`
    await expect(client.execute('device_del', { id })).rejects.toMatchObject({
      code: 'operation-failed',
      message: `device_del: Device '${id}' not found`,
      details: { qmpClass: 'DeviceNotFound' },
    })
  })

  it('tells events to those who want them', async () => {
    const deleted = client.events(['DEVICE_DELETED'])
    const others = client.events(['SHUTDOWN'])
    await client.execute('device_add', { driver: 'usb-tablet', id: 'tablet0', bus: 'usb.0' })
    await client.execute('device_del', { id: 'tablet0' })
    const { value } = await deleted.next()
    expect(value).toMatchObject({ name: 'DEVICE_DELETED', data: { device: 'tablet0' } })
    expect(value?.time).toBeGreaterThan(1_600_000_000)
    others.end()
    expect(await others.next()).toEqual({ value: undefined, done: true })
    await deleted.return()
  })

  it('is busy for a second client', async () => {
    const second = openMonitor(await connectUnix(qemu.path), { greetingTimeout: 100 })
    await expect(second).rejects.toMatchObject({
      code: 'resource-busy',
      message: expect.stringContaining('monitor busy'),
    })
  })

  it('serves the next client when one has left', async () => {
    client.close()
    client = await openMonitor(await connectUnix(qemu.path))
    expect(await client.execute('query-status')).toMatchObject({ status: 'prelaunch' })
  })

  it('ends with QEMU', async () => {
    const events = client.events()
    await client.execute('quit')
    expect((await events.next()).value).toMatchObject({ name: 'SHUTDOWN' })
    await expect(events.next()).rejects.toMatchObject({ code: 'no-connection' })
    expect(await client.closed).toMatchObject({ code: 'no-connection' })
    await expect(client.execute('query-status')).rejects.toMatchObject({ code: 'no-connection' })
  })
}
