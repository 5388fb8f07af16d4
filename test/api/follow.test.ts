import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Connection, connect, type FollowEvent, type NodeDeviceDef, VirtError } from '../../src/index.js'
import { hosts, type MockBackend, mock } from '../../src/mock.js'
import { followLog, playFollowScenario } from '../contract/follow-scenario.js'

const stick = (port: number, device: number, serial: string): NodeDeviceDef => ({
  name: `usb_1_${port}`,
  path: `/sys/devices/pci0000:00/0000:00:14.0/usb1/1-${port}`,
  parent: 'usb_usb1',
  driver: 'usb',
  capabilities: [{ kind: 'usb_device', bus: 1, device, serial, product: { id: 0x5567 }, vendor: { id: 0x0781 } }],
})

let host: MockBackend
let conn: Connection
let next = 20
const plug = (serial = 'S1', port = 5) => host.stage.plug(stick(port, next++, serial))

beforeEach(async () => {
  host = await mock(hosts.server())
  conn = await connect(host)
})
afterEach(() => vi.useRealTimers())

/** What is told until an event of that kind comes. */
async function until(events: AsyncIterator<FollowEvent>, kind: FollowEvent['kind']): Promise<FollowEvent[]> {
  const seen: FollowEvent[] = []
  while (seen.at(-1)?.kind !== kind) {
    const { value, done } = await events.next()
    if (done) break
    seen.push(value)
  }
  return seen
}
const followed = async (options = {}) => {
  const watch = await (await conn.lookupDomain('web')).follow({ serial: 'S1' }, options)
  return { watch, events: watch[Symbol.asyncIterator]() }
}
const web = async () => await (await conn.lookupDomain('web')).hostdevs()

describe('domain.follow', () => {
  it('plays the scenario', async () => {
    const log = await playFollowScenario({
      conn,
      guest: 'web',
      device: { serial: 'S1' },
      plug: () => plug(),
      unplug: () => host.stage.unplug('usb_1_5'),
      stop: () => host.stage.setRunning('web', false),
      start: () => host.stage.setRunning('web', true),
    })
    expect(log).toEqual(followLog)
  })

  it('says what the guest has already', async () => {
    plug()
    await (await conn.lookupDomain('web')).attachHostdev({ serial: 'S1' })
    const { events } = await followed()
    expect(await until(events, 'attached')).toMatchObject([{ kind: 'attached', device: 'usb_1_5', already: true }])
  })

  it('takes from the guest what a replug that nobody saw has left', async () => {
    plug()
    await (await conn.lookupDomain('web')).attachHostdev({ serial: 'S1' })
    host.stage.replug('usb_1_5')
    const { events } = await followed()
    await until(events, 'attached')
    expect(await web()).toMatchObject([{ source: { address: { device: next } } }])
  })

  it('names the candidates when several devices are meant, and goes on when one is left', async () => {
    plug('S1', 5)
    plug('S1', 6)
    const { events } = await followed()
    expect(await until(events, 'waiting')).toEqual([
      { kind: 'waiting', for: 'choice', candidates: ['usb_1_5', 'usb_1_6'], domain: 'web' },
    ])
    host.stage.unplug('usb_1_5')
    expect(await until(events, 'attached')).toMatchObject([{ device: 'usb_1_6' }])
  })

  it('finds a device that was plugged in again at the other speed of its socket', async () => {
    const socket = await mock({ ...hosts.server(), companionPorts: [['1-5', '2-5']] })
    const other = await connect(socket)
    const [capability] = stick(5, 2, 'S1').capabilities
    const fast = {
      ...stick(5, 2, 'S1'),
      name: 'usb_2_5',
      path: '/sys/devices/pci0000:00/0000:00:14.0/usb2/2-5',
      capabilities: [{ ...capability, bus: 2 } as NonNullable<typeof capability>],
    }
    await using watch = await (await other.lookupDomain('web')).follow({ port: '1-5' })
    const events = watch[Symbol.asyncIterator]()
    await until(events, 'waiting')
    socket.stage.plug(fast)
    expect(await until(events, 'attached')).toMatchObject([{ device: 'usb_2_5' }])
    expect((await other.resolve({ port: '1-5' })).name).toBe('usb_2_5')
    socket.stage.plug(stick(5, 30, 'S1'))
    expect((await other.resolve({ port: '1-5' })).name).toBe('usb_1_5')
    expect((await other.resolve({ port: '2-5' })).name).toBe('usb_2_5')
  })

  it('waits for a guest that does not run, and for one that is not there yet', async () => {
    plug()
    await using watch = await conn.follow([{ domain: 'render', device: { serial: 'S1' } }])
    const events = watch[Symbol.asyncIterator]()
    expect(await until(events, 'waiting')).toMatchObject([{ for: 'guest' }])
    host.stage.setRunning('render', true)
    expect(await until(events, 'attached')).toMatchObject([{ domain: 'render' }])
    await using later = await conn.follow([{ domain: 'later', device: { serial: 'S1' } }])
    expect(await until(later[Symbol.asyncIterator](), 'waiting')).toMatchObject([{ for: 'guest', domain: 'later' }])
  })

  it('tries again when attaching fails, later each time, and at once when something changes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
    plug()
    host.stage.fail('domains.attach', new VirtError('internal', 'EBUSY'), { times: 3 })
    const { events } = await followed()
    expect(await until(events, 'failed')).toMatchObject([{ retryIn: 1000, error: { code: 'internal' } }])
    const second = until(events, 'failed')
    await vi.advanceTimersByTimeAsync(1000)
    expect(await second).toMatchObject([{ retryIn: 2000 }])
    host.stage.change('usb_1_5', () => {})
    expect(await until(events, 'failed')).toMatchObject([{ retryIn: 1000 }])
    const last = until(events, 'attached')
    await vi.advanceTimersByTimeAsync(1000)
    expect(await last).toMatchObject([{ device: 'usb_1_5' }])
  })

  it('does not try again what cannot be otherwise', async () => {
    plug()
    host.stage.fail('domains.attach', new VirtError('unsupported', 'no USB in this guest'))
    const { events } = await followed()
    const [failed] = await until(events, 'failed')
    expect(failed).not.toHaveProperty('retryIn')
  })

  it('leaves a device that flaps alone for a while, then goes on', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
    const { events } = await followed({ limit: { times: 3, within: 10_000 } })
    plug()
    for (let times = 0; times < 3; times++) {
      await until(events, 'attached')
      host.stage.replug('usb_1_5')
    }
    expect((await until(events, 'paused')).at(-1)).toMatchObject({ device: 'usb_1_5', milliseconds: 10_000 })
    const resumed = until(events, 'attached')
    await vi.advanceTimersByTimeAsync(10_000)
    expect((await resumed).at(-1)).toMatchObject({ kind: 'attached' })
  })

  it('holds on to the hardware when the interface on it leaves with the driver', async () => {
    const mac = 'b4:96:91:00:00:00'
    await using watch = await (await conn.lookupDomain('web')).follow({ mac })
    const events = watch[Symbol.asyncIterator]()
    expect(await until(events, 'attached')).toMatchObject([{ device: 'pci_0000_17_00_0', hostdev: { kind: 'pci' } }])
    host.stage.unplug('net_ens1f0_b4_96_91_00_00_00')
    host.stage.unplug('usb_1_2')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await web()).toHaveLength(1)
  })

  it('does not take back an interface because it has left the host for the container', async () => {
    const containers = await mock(hosts.openvzHost())
    const other = await connect(containers)
    await using watch = await (await other.lookupDomain('102')).follow({ name: 'net_eth2_00_0c_29_aa_bb_02' })
    expect(await until(watch[Symbol.asyncIterator](), 'attached')).toMatchObject([{ hostdev: { kind: 'net' } }])
    containers.stage.unplug('net_eth2_00_0c_29_aa_bb_02')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await (await other.lookupDomain('102')).hostdevs()).toHaveLength(1)
  })

  it('looks from time to time where guests are not watched', async () => {
    const { watch: _, ...domains } = (await mock(hosts.server())).domains as NonNullable<MockBackend['domains']>
    const other = await connect({ ...host, domains, [Symbol.for('hostdev.Backend')]: true } as MockBackend)
    await using watch = await other.follow([{ domain: 'web', device: { port: '1-1' } }], { interval: 10 })
    expect(await until(watch[Symbol.asyncIterator](), 'attached')).toMatchObject([{ device: 'usb_1_1' }])
  })

  it('ends with its signal, and leaves the device with the guest', async () => {
    plug()
    const [controller, reason] = [new AbortController(), new Error('enough')]
    const { events } = await followed({ signal: controller.signal })
    await until(events, 'attached')
    const waiting = events.next()
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    host.stage.replug('usb_1_5')
    expect(await web()).toMatchObject([{ source: { address: { device: next - 1 } } }])
  })

  it('ends with the watch of the host', async () => {
    const { events } = await followed()
    await until(events, 'waiting')
    await conn.close()
    expect(await events.next()).toEqual({ value: undefined, done: true })
  })

  it('refuses an empty selector, a read-only connection, and a host without guests or events', async () => {
    const domain = await conn.lookupDomain('web')
    await expect(domain.follow({})).rejects.toMatchObject({ code: 'invalid-argument' })
    const reader = await connect(host, { readOnly: true })
    await expect((await reader.lookupDomain('web')).follow({ serial: 'S1' })).rejects.toMatchObject({ number: 29 })
    const rules = [{ domain: 'web', device: { serial: 'S1' } }]
    await expect((await connect('linux:///')).follow(rules)).rejects.toMatchObject({ code: 'unsupported' })
  })

  it('keeps the last of each for one who does not listen', async () => {
    const has = (device: number) => async () => JSON.stringify(await web()).includes(`"device":${device}}`)
    const { events } = await followed({ limit: { times: 100_000, within: 1 } })
    plug()
    await until(events, 'attached')
    for (let times = 0; times < 700; times++) {
      host.stage.replug('usb_1_5')
      await vi.waitUntil(has(next + times), { interval: 1, timeout: 15_000 })
    }
    host.stage.unplug('usb_1_5')
    const seen = await until(events, 'waiting')
    expect(seen.length).toBeLessThan(1001)
    expect(seen.some(({ merged }) => merged)).toBe(true)
  })
})

describe('listeners of a watch', () => {
  it('hear events by their kind, all of them, and the end', async () => {
    const watch = await conn.watchNodeDevices({ device: 'usb_1_5' })
    const heard: string[] = []
    const ended = new Promise<void>((resolve) => watch.on('end', resolve))
    const everything = ({ kind }: { kind: string }) => void heard.push(`all ${kind}`)
    watch
      .on('created', ({ device }) => heard.push(`created ${device}`))
      .once('deleted', ({ device }) => heard.push(`deleted ${device}`))
      .on('event', everything)
    plug()
    host.stage.unplug('usb_1_5')
    await vi.waitUntil(() => heard.length === 4)
    watch.off('event', everything)
    plug()
    host.stage.unplug('usb_1_5')
    await vi.waitUntil(() => heard.length === 5)
    await watch[Symbol.asyncDispose]()
    await ended
    expect(heard).toEqual(['created usb_1_5', 'all created', 'deleted usb_1_5', 'all deleted', 'created usb_1_5'])
  })

  it('hear of its failure', async () => {
    const controller = new AbortController()
    const watch = await conn.watchNodeDevices({ signal: controller.signal })
    const error = new Promise((resolve) => watch.on('error', resolve))
    controller.abort('enough')
    expect(await error).toBe('enough')
  })

  it('do not share a watch with a loop', async () => {
    const watch = await conn.watchNodeDevices()
    watch[Symbol.asyncIterator]()
    expect(() => watch.on('created', () => {})).toThrow(/another watch/)
    const other = await conn.watchNodeDevices()
    other.on('created', () => {})
    expect(() => other[Symbol.asyncIterator]()).toThrow(/another watch/)
  })
})
