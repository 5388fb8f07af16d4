import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { XenstoreClient } from '../../../src/wire/xenstore/client.js'
import { encodeMessage } from '../../../src/wire/xenstore/message.js'
import { openStore } from '../../../src/wire/xenstore/open.js'
import { type RawServer, rawServer } from '../../fakes/raw-server.js'

let server: RawServer

afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

/** A client whose first request is answered with these bytes. */
async function clientOf(...chunks: Uint8Array[]): Promise<XenstoreClient> {
  server = await rawServer((socket) =>
    socket.once('data', async () => {
      for (const chunk of chunks) {
        socket.write(chunk)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }),
  )
  return await openStore({ path: server.path, timeout: 1000 })
}

const [read, watchEvent, error] = [2, 15, 16]

const message = (type: number, requestId: number, payload = '') =>
  encodeMessage({ type, requestId, transaction: 0, payload: Buffer.from(payload) })

function claiming(length: number): Buffer {
  const bytes = message(read, 1)
  bytes.writeUInt32LE(length, 12)
  return bytes
}

describe('XenstoreClient and a hostile xenstored', () => {
  it.each([
    ['claims 4 GB', claiming(0xffffffff)],
    ['claims more than a megabyte', claiming(1024 * 1024 + 1)],
    ['answers a request never made', message(read, 7)],
    ['answers with another operation', message(11, 1, 'OK\0')],
    ['has a type that is none', message(99, 1)],
    ['is an error to a request never made', message(error, 9, 'ENOENT\0')],
  ])('ends the connection at a message that %s', async (_what, bytes) => {
    const store = await clientOf(bytes)
    await expect(store.read('/a')).rejects.toMatchObject({ code: 'rpc', domain: 1 })
    expect(await store.closed).toMatchObject({ code: 'rpc' })
  })

  it.each([
    ['nothing', ''],
    ['no known name', 'EWHATEVER\0'],
    ['no NUL', 'EIO'],
  ])('makes an error of one that holds %s', async (_what, payload) => {
    const store = await clientOf(message(error, 1, payload))
    await expect(store.read('/a')).rejects.toMatchObject({ code: 'operation-failed' })
    store.close()
  })

  it('does not mind events of watches it never set, or that say nothing', async () => {
    const events = [message(watchEvent, 0, '/a\0other\0'), message(watchEvent, 0), message(watchEvent, 0, '\0\0\0')]
    const store = await clientOf(...events, message(read, 1, 'value'))
    expect(await store.read('/a')).toBe('value')
    store.close()
  })

  it('understands a reply that comes byte by byte', async () => {
    const store = await clientOf(...[...message(read, 1, 'value')].map((byte) => Buffer.from([byte])))
    expect(await store.read('/a')).toBe('value')
    store.close()
  })

  it.each<[string, string, (look: number) => string]>([
    ['changes on every look', 'resource-busy', (look) => `${look}\0child\0`],
    ['goes on without end', 'rpc', () => `1\0${'child\0'.repeat(600)}`],
    ['goes on without children', 'rpc', () => '1\0'],
  ])('gives up a list of children that %s', async (_what, code, partOf) => {
    server = await rawServer((socket) => {
      let looks = 0
      socket.on('data', (bytes) => {
        const [type, requestId] = [bytes.readUInt32LE(0), bytes.readUInt32LE(4)]
        socket.write(type === 1 ? message(error, requestId, 'E2BIG\0') : message(22, requestId, partOf(++looks)))
      })
    })
    const store = await openStore({ path: server.path })
    await expect(store.directory('/a')).rejects.toMatchObject({ code })
    store.close()
  })

  it('never fails but by a typed error, whatever bytes come', async () => {
    const talk = fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }), async (chunks) => {
      const store = await clientOf(...chunks)
      const outcome = await store.read('/a', { timeout: 20 }).then(
        () => 'answered',
        ({ code }) => code,
      )
      expect(['answered', 'rpc', 'timeout', 'operation-failed']).toContain(outcome)
      store.close()
      await server[Symbol.asyncDispose]()
    })
    await fc.assert(talk, { numRuns: 50 })
    server = await rawServer(() => {})
  })
})
