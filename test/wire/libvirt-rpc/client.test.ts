import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import { connectUnix } from '../../../src/os/socket.js'
import { RpcClient } from '../../../src/wire/libvirt-rpc/client.js'
import { openConnection } from '../../../src/wire/libvirt-rpc/open.js'
import { type Handlers, RemoteFailure, type RpcServer, rpcServer } from '../../fakes/rpc-server.js'

let server: RpcServer

afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

async function clientOf(handlers: Handlers, options = {}): Promise<RpcClient> {
  server = await rpcServer(handlers)
  return new RpcClient(await connectUnix(server.path), options)
}

const never = () => new Promise<never>(() => {})
const turns = () => new Promise((resolve) => setTimeout(resolve, 30))

describe('RpcClient', () => {
  it('keeps five calls in flight and no more', async () => {
    const client = await clientOf({
      nodeDeviceGetXmlDesc: async ({ name }) => {
        await turns()
        return { xml: name }
      },
    })
    const calls = Array.from({ length: 20 }, (_, i) => client.call('nodeDeviceGetXmlDesc', { name: `${i}`, flags: 0 }))
    expect((await Promise.all(calls)).map(({ xml }) => Number(xml))).toEqual([...Array(20).keys()])
    expect(server.inFlight.most).toBe(5)
    client.close()
  })

  it('takes replies in any order', async () => {
    const client = await clientOf({
      nodeDeviceGetXmlDesc: async ({ name }) => {
        if (name === 'slow') await turns()
        return { xml: name }
      },
    })
    const order: string[] = []
    const call = async (name: string) => {
      order.push((await client.call('nodeDeviceGetXmlDesc', { name, flags: 0 })).xml)
    }
    await Promise.all([call('slow'), call('quick')])
    expect(order).toEqual(['quick', 'slow'])
    client.close()
  })

  it('gives a call up after its time, and goes on', async () => {
    const client = await clientOf({ nodeDeviceReset: never, connectGetHostname: () => ({ hostname: 'h' }) })
    await expect(client.call('nodeDeviceReset', { name: 'x' }, { timeout: 20 })).rejects.toMatchObject({
      code: 'timeout',
    })
    expect(await client.call('connectGetHostname', {})).toEqual({ hostname: 'h' })
    client.close()
  })

  it('rejects with the reason of an abort, and takes the late reply for what it is', async () => {
    let finish = (_result: object) => {}
    const client = await clientOf({
      nodeDeviceReset: () => new Promise((resolve) => (finish = resolve)),
      connectGetHostname: () => ({ hostname: 'h' }),
    })
    const controller = new AbortController()
    const reset = client.call('nodeDeviceReset', { name: 'x' }, { signal: controller.signal })
    await turns()
    controller.abort('enough')
    await expect(reset).rejects.toBe('enough')
    finish({})
    expect(await client.call('connectGetHostname', {})).toEqual({ hostname: 'h' })
    client.close()
  })

  it('never sends a call that was given up while it waited for its turn', async () => {
    const seen: string[] = []
    const client = await clientOf({
      nodeDeviceReset: async ({ name }) => {
        seen.push(name)
        await turns()
        return {}
      },
    })
    const controller = new AbortController()
    const calls = Array.from({ length: 6 }, (_, i) =>
      client.call('nodeDeviceReset', { name: `${i}` }, i === 5 ? { signal: controller.signal } : {}),
    )
    controller.abort('no more')
    expect(await Promise.allSettled(calls)).toMatchObject([{}, {}, {}, {}, {}, { reason: 'no more' }])
    expect(seen).toEqual(['0', '1', '2', '3', '4'])
    client.close()
  })

  it('unsubscribes when a subscription comes after it was given up', async () => {
    let finish: ((result: { callbackId: number }) => void) | undefined
    const left: number[] = []
    const client = await clientOf({
      connectNodeDeviceEventRegisterAny: () => new Promise((resolve) => (finish = resolve)),
      connectNodeDeviceEventDeregisterAny: ({ callbackId }) => {
        left.push(callbackId)
        return {}
      },
    })
    await expect(client.subscribe('nodeDeviceUpdate', undefined, { timeout: 20 })).rejects.toMatchObject({
      code: 'timeout',
    })
    await expect.poll(() => finish).toBeDefined()
    finish?.({ callbackId: 7 })
    await expect.poll(() => left).toEqual([7])
    client.close()
  })

  it('loses no event that comes in one packet with the reply to its subscription', async () => {
    const client = await clientOf({
      connectNodeDeviceEventRegisterAny: () => {
        for (const socket of server.sockets) socket.cork()
        setImmediate(() => {
          for (const name of ['one', 'two']) server.emit('nodeDeviceUpdate', { callbackId: 3, dev: { name } })
          for (const socket of server.sockets) socket.uncork()
        })
        return { callbackId: 3 }
      },
      connectNodeDeviceEventDeregisterAny: () => ({}),
    })
    const events = await client.subscribe('nodeDeviceUpdate', undefined)
    expect([(await events.next()).value?.dev.name, (await events.next()).value?.dev.name]).toEqual(['one', 'two'])
    client.close()
  })

  it('rejects what is under way when libvirtd goes away, and says so', async () => {
    const client = await clientOf({ nodeDeviceReset: never })
    const calls = Array.from({ length: 7 }, () => client.call('nodeDeviceReset', { name: 'x' }))
    await turns()
    for (const socket of server.sockets) socket.destroy()
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'no-connection' } })
    expect(await client.closed).toMatchObject({ code: 'no-connection' })
  })

  it('names the errno of a system error', async () => {
    const client = await clientOf({
      nodeDeviceReset: () => {
        throw new RemoteFailure(38, 22, 'cannot write', 16)
      },
    })
    await expect(client.call('nodeDeviceReset', { name: 'x' })).rejects.toMatchObject({
      code: 'system',
      details: { errno: 'EBUSY' },
    })
    client.close()
  })

  it("keeps a number of libvirt's that has no code here", async () => {
    const client = await clientOf({
      nodeDeviceReset: () => {
        throw new RemoteFailure(97, 10, 'agent is unsynced')
      },
    })
    await expect(client.call('nodeDeviceReset', { name: 'x' })).rejects.toMatchObject({
      code: 'operation-failed',
      number: 97,
      domain: 10,
    })
    client.close()
  })

  it('refuses arguments that the protocol cannot carry, before they are sent', async () => {
    const client = await clientOf({ nodeDeviceReset: () => ({}) })
    await expect(client.call('nodeDeviceReset', { name: 'computer\0.evil' })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    client.close()
  })

  it('shows every message on the channel hostdev:rpc', async () => {
    const seen: unknown[] = []
    const listener = (message: unknown) => seen.push(message)
    const client = await clientOf({ connectGetHostname: () => ({ hostname: 'h' }) })
    subscribe('hostdev:rpc', listener)
    await client.call('connectGetHostname', {})
    unsubscribe('hostdev:rpc', listener)
    expect(seen).toMatchObject([
      { direction: 'sent', type: 'call', procedure: 'connectGetHostname', serial: 1, body: {} },
      { direction: 'received', type: 'reply', procedure: 'connectGetHostname', serial: 1, body: { hostname: 'h' } },
    ])
    client.close()
  })
})

describe('openConnection', () => {
  const open = async (handlers: Handlers, options = {}) => {
    server = await rpcServer(handlers)
    return await openConnection(await connectUnix(server.path), options)
  }

  it('passes the URI and asks for a read-only connection', async () => {
    const opened: unknown[] = []
    const client = await open(
      {
        connectOpen: (args) => {
          opened.push(args)
          return {}
        },
      },
      { uri: 'qemu:///system', readOnly: true },
    )
    client.close()
    expect(opened).toEqual([{ name: 'qemu:///system', flags: 1 }])
  })

  it('logs in by polkit', async () => {
    const client = await open({ authList: () => ({ types: [2] }), authPolkit: () => ({ complete: true }) })
    client.close()
  })

  it('ends the connection when opening fails', async () => {
    const refused = open({
      connectOpen: () => {
        throw new RemoteFailure(5, 0, 'no connection driver available for foo:///')
      },
    })
    await expect(refused).rejects.toMatchObject({ code: 'no-connection' })
    await turns()
    expect(server.sockets.size).toBe(0)
  })

  it('ends when libvirtd says that its hypervisor has gone', async () => {
    const client = await open({
      connectSupportsFeature: ({ feature }) => ({ supported: feature === 15 }),
      connectRegisterCloseCallback: () => ({}),
    })
    const closed = Buffer.alloc(32)
    for (const [i, word] of [32, 0x20008086, 1, 362, 2, 0, 0, 1].entries()) closed.writeUInt32BE(word, i * 4)
    for (const socket of server.sockets) socket.write(closed)
    expect(await client.closed).toMatchObject({ code: 'no-connection' })
  })

  it('notices a libvirtd that has stopped answering', async () => {
    const client = await open(
      { connectSupportsFeature: ({ feature }) => ({ supported: feature === 10 }), nodeDeviceReset: never },
      { keepAlive: { interval: 10, count: 2 } },
    )
    await expect(client.call('nodeDeviceReset', { name: 'x' })).rejects.toMatchObject({
      code: 'no-connection',
      message: expect.stringContaining('has said nothing for 30 ms'),
    })
  })
})
