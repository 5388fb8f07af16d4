import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import { connectUnix } from '../../../src/os/socket.js'
import type { QmpClient } from '../../../src/wire/qmp/client.js'
import { openMonitor } from '../../../src/wire/qmp/open.js'
import { type QmpHandlers, type QmpServer, type QmpStyle, qmpServer } from '../../fakes/qmp-server.js'

let server: QmpServer
let client: QmpClient

afterEach(async () => {
  client.close()
  await server[Symbol.asyncDispose]()
})

async function monitorOf(handlers: QmpHandlers, style: QmpStyle = {}, options = {}): Promise<void> {
  server = await qmpServer(handlers, style)
  client = await openMonitor(await connectUnix(server.path), options)
}

const turns = () => new Promise((resolve) => setTimeout(resolve, 20))

describe('QmpClient', () => {
  it('takes replies in any order', async () => {
    await monitorOf({
      slow: async () => {
        await turns()
        return 'slow'
      },
      quick: () => 'quick',
    })
    const order: unknown[] = []
    const run = async (name: string) => order.push(await client.execute(name))
    await Promise.all([run('slow'), run('quick')])
    expect(order).toEqual(['quick', 'slow'])
  })

  it('reads replies of megabytes', async () => {
    const long = 'x'.repeat(5_000_000)
    await monitorOf({ long: () => long })
    expect(await client.execute('long')).toBe(long)
  })

  it('ends at a reply larger than allowed', async () => {
    await monitorOf({ long: () => 'x'.repeat(100_000) }, {}, { maxReply: 50_000 })
    await expect(client.execute('long')).rejects.toMatchObject({
      code: 'rpc',
      message: expect.stringContaining('raise maxReply'),
    })
  })

  it('reads a monitor that prints prettily', async () => {
    await monitorOf({ tree: () => ({ '{': [{ a: {} }, '}'], text: '\n}\n' }), nothing: () => ({}) }, { pretty: true })
    expect(await client.execute('tree')).toEqual({ '{': [{ a: {} }, '}'], text: '\n}\n' })
    expect(await client.execute('nothing')).toEqual({})
  })

  it('passes arguments, whatever they hold', async () => {
    const seen: unknown[] = []
    await monitorOf({ take: (args) => seen.push(args) })
    const args = { text: `"quoted"\n'so' ä \u0000 \u2028`, list: [1, { deep: true }] }
    await client.execute('take', args)
    expect(seen).toEqual([args])
  })

  it('gives a command up after its time, and takes the late reply for what it is', async () => {
    let finish = (_result: unknown) => {}
    await monitorOf({ slow: () => new Promise((resolve) => (finish = resolve)), quick: () => 1 })
    await expect(client.execute('slow', {}, { timeout: 20 })).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('QEMU did not answer slow within 20 ms'),
    })
    finish('late')
    expect(await client.execute('quick')).toBe(1)
  })

  it('rejects with the reason of an abort', async () => {
    await monitorOf({ slow: () => new Promise(() => {}) })
    const controller = new AbortController()
    const slow = client.execute('slow', {}, { signal: controller.signal })
    controller.abort('enough')
    await expect(slow).rejects.toBe('enough')
  })

  it('keeps events in order and loses none before the first read', async () => {
    await monitorOf({})
    const events = client.events()
    for (const name of ['STOP', 'RESUME', 'STOP']) server.emit(name, { n: name })
    const got = [await events.next(), await events.next(), await events.next()]
    expect(got.map(({ value }) => value?.name)).toEqual(['STOP', 'RESUME', 'STOP'])
    expect(got[0]?.value).toEqual({ name: 'STOP', data: { n: 'STOP' }, time: 1_700_000_000.5 })
  })

  it('does not let a slow reader of events fill the memory', async () => {
    await monitorOf({ ping: () => 1 })
    const events = client.events()
    for (let i = 0; i < 1200; i++) server.emit('FLOOD', { i })
    await client.execute('ping')
    const read = async () => {
      for await (const event of events) expect(event.name).toBe('FLOOD')
    }
    await expect(read()).rejects.toMatchObject({ code: 'limit-exceeded' })
  })

  it('shows every message on the channel hostdev:qmp', async () => {
    await monitorOf({ hello: () => 'you' })
    const seen: unknown[] = []
    const listener = (message: unknown) => seen.push(message)
    subscribe('hostdev:qmp', listener)
    await client.execute('hello')
    unsubscribe('hostdev:qmp', listener)
    expect(seen).toMatchObject([
      { direction: 'sent', peer: server.path, message: { execute: 'hello' } },
      { direction: 'received', peer: server.path, message: { return: 'you' } },
    ])
  })
})
