import type { Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { connectUnix } from '../../../src/os/socket.js'
import { RpcClient } from '../../../src/wire/libvirt-rpc/client.js'
import { openConnection } from '../../../src/wire/libvirt-rpc/open.js'
import { type RawServer, rawServer } from '../../fakes/raw-server.js'

let server: RawServer

afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

/** A client whose first message is answered with these bytes. */
async function clientOf(answer: (socket: Socket) => void): Promise<RpcClient> {
  server = await rawServer((socket) => socket.once('data', () => answer(socket)))
  return new RpcClient(await connectUnix(server.path), { timeout: 1000 })
}

const words = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4)
  return bytes
}
const program = 0x20008086
const [reply, event, stream] = [1, 2, 3]
const hostname = 59

/** A well-formed message, but for what is said otherwise. */
function message(body: Buffer, header: { length?: number; words?: number[] } = {}): Buffer {
  const length = header.length ?? 28 + body.length
  return Buffer.concat([words(length, ...(header.words ?? [program, 1, hostname, reply, 1, 0])), body])
}

const name = message(Buffer.concat([words(1), Buffer.from('h\0\0\0')]))

describe('RpcClient and a hostile libvirtd', () => {
  it.each([
    ['claims 4 GB', message(Buffer.alloc(0), { length: 0xffffffff })],
    ['claims 33 MB', message(Buffer.alloc(0), { length: 33 * 1024 * 1024 })],
    ['claims fewer bytes than a header has', message(Buffer.alloc(0), { length: 27 })],
    ['claims none', message(Buffer.alloc(0), { length: 0 })],
    ['has another version', message(Buffer.alloc(0), { words: [program, 2, hostname, reply, 1, 0] })],
    ['belongs to an unknown program', message(Buffer.alloc(0), { words: [7, 1, hostname, reply, 1, 0] })],
    ['answers a call never made', message(Buffer.alloc(0), { words: [program, 1, hostname, reply, 2, 0] })],
    ['answers with another procedure', message(Buffer.alloc(0), { words: [program, 1, 60, reply, 1, 0] })],
    ['is a call itself', message(Buffer.alloc(0), { words: [program, 1, hostname, 0, 1, 0] })],
    ['has a type that is none', message(Buffer.alloc(0), { words: [program, 1, hostname, 9, 1, 0] })],
    ['is an event cut short', message(Buffer.alloc(0), { words: [program, 1, 376, event, 0, 0] })],
  ])('ends the connection at a message that %s', async (_what, bytes) => {
    const client = await clientOf((socket) => socket.write(bytes))
    const call = client.call('connectGetHostname', {})
    await expect(call).rejects.toMatchObject({ code: 'rpc' })
    expect(await client.closed).toMatchObject({ code: 'rpc', domain: 7 })
    await expect(client.call('connectGetHostname', {})).rejects.toMatchObject({ code: 'rpc' })
  })

  it('ends the connection at a second answer to one call', async () => {
    const client = await clientOf((socket) => socket.write(Buffer.concat([name, name])))
    expect(await client.call('connectGetHostname', {})).toEqual({ hostname: 'h' })
    expect(await client.closed).toMatchObject({ code: 'rpc' })
  })

  it.each([
    ['a string of 4 GB', words(0xffffffff)],
    ['a string longer than the message', words(1000)],
    ['a string that is not UTF-8', Buffer.concat([words(2), Buffer.from([0xc3, 0x28, 0, 0])])],
    ['nothing', Buffer.alloc(0)],
    ['more than the answer', words(0, 0)],
  ])('refuses a reply that has %s, and goes on', async (_what, body) => {
    const client = await clientOf((socket) => {
      socket.write(message(body))
      socket.once('data', () =>
        socket.write(message(name.subarray(28), { words: [program, 1, hostname, reply, 2, 0] })),
      )
    })
    await expect(client.call('connectGetHostname', {})).rejects.toMatchObject({ code: 'rpc' })
    expect(await client.call('connectGetHostname', {})).toEqual({ hostname: 'h' })
    client.close()
  })

  it('refuses an error that cannot be read', async () => {
    const client = await clientOf((socket) =>
      socket.write(message(words(53, 22, 1, 0xffffffff), { words: [program, 1, hostname, reply, 1, 1] })),
    )
    await expect(client.call('connectGetHostname', {})).rejects.toMatchObject({ code: 'rpc' })
    client.close()
  })

  it('understands a reply that comes byte by byte', async () => {
    const client = await clientOf(async (socket) => {
      for (const byte of name) {
        socket.write(Buffer.from([byte]))
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    expect(await client.call('connectGetHostname', {})).toEqual({ hostname: 'h' })
    client.close()
  })

  it('tells a message that was cut off', async () => {
    const client = await clientOf((socket) => socket.end(name.subarray(0, 30)))
    await expect(client.call('connectGetHostname', {})).rejects.toMatchObject({ code: 'no-connection' })
  })

  it('gives up a reply that never comes, though the server goes on talking', async () => {
    const unknown = message(Buffer.alloc(0), { words: [program, 1, 9999, event, 0, 0] })
    let chatter: NodeJS.Timeout | undefined
    const client = await clientOf((socket) => {
      chatter = setInterval(() => socket.write(unknown), 1)
    })
    await expect(client.call('connectGetHostname', {}, { timeout: 50 })).rejects.toMatchObject({ code: 'timeout' })
    clearInterval(chatter)
    client.close()
  })

  it('asks libvirtd to stop a stream it never asked for', async () => {
    let refusal: Buffer | undefined
    const client = await clientOf((socket) => {
      socket.once('data', (bytes) => {
        refusal = bytes
        socket.write(name)
      })
      socket.write(message(Buffer.from('data'), { words: [program, 1, hostname, stream, 1, 2] }))
    })
    await client.call('connectGetHostname', {})
    expect(refusal).toEqual(message(Buffer.alloc(0), { words: [program, 1, hostname, stream, 1, 1] }))
    client.close()
  })

  it('answers pings', async () => {
    const ping = 0x6b656570
    let pong: Buffer | undefined
    const client = await clientOf((socket) => {
      socket.once('data', (bytes) => {
        pong = bytes
        socket.write(name)
      })
      socket.write(message(Buffer.alloc(0), { words: [ping, 1, 1, event, 0, 0] }))
    })
    await client.call('connectGetHostname', {})
    expect(pong).toEqual(message(Buffer.alloc(0), { words: [ping, 1, 2, event, 0, 0] }))
    client.close()
  })

  it('keeps little of a flood of events that nobody wants', async () => {
    const unknown = message(Buffer.alloc(0), { words: [program, 1, 9999, event, 0, 0] })
    const flood = Buffer.alloc(2_000_000 * unknown.length, unknown)
    const client = await clientOf((socket) => {
      socket.write(flood)
      socket.write(name)
    })
    const before = process.memoryUsage().heapUsed
    await client.call('connectGetHostname', {}, { timeout: 20_000 })
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50 * 1024 * 1024)
    client.close()
  }, 30_000)

  it('never fails but by a typed error, whatever bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), async (chunks) => {
        const client = await clientOf((socket) => {
          for (const chunk of chunks) socket.write(chunk)
          socket.end()
        })
        const outcome = await client.call('connectGetHostname', {}).catch((error) => error.code)
        expect(['rpc', 'no-connection']).toContain(outcome)
        await server[Symbol.asyncDispose]()
      }),
      { numRuns: 50 },
    )
    server = await rawServer(() => {})
  })
})

describe('openConnection and a hostile libvirtd', () => {
  it('does not wait for one that says nothing', async () => {
    server = await rawServer(() => {})
    const opening = openConnection(await connectUnix(server.path), { timeout: 50 })
    await expect(opening).rejects.toMatchObject({ code: 'timeout' })
  })

  it('ends with an abort', async () => {
    server = await rawServer(() => {})
    const controller = new AbortController()
    const opening = openConnection(await connectUnix(server.path), { signal: controller.signal })
    controller.abort('enough')
    await expect(opening).rejects.toBe('enough')
  })
})
