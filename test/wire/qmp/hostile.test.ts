import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { connectUnix } from '../../../src/os/socket.js'
import { QmpClient } from '../../../src/wire/qmp/client.js'
import { openMonitor } from '../../../src/wire/qmp/open.js'
import { type RawServer, rawServer } from '../../fakes/raw-server.js'

let server: RawServer

afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

/** A client whose first command is answered with these bytes. */
async function clientOf(...chunks: (string | Uint8Array)[]): Promise<QmpClient> {
  server = await rawServer((socket) =>
    socket.once('data', async () => {
      for (const chunk of chunks) {
        socket.write(chunk)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }),
  )
  return new QmpClient(await connectUnix(server.path), { timeout: 1000, maxReply: 1000 })
}

describe('QmpClient and a hostile QEMU', () => {
  it.each([
    ['is not JSON', '{"return": \r\n'],
    ['is no object', '[]\r\n'],
    ['is null', 'null\r\n'],
    ['is not UTF-8', Buffer.from('{"return": "\xc3\x28"}\r\n', 'latin1')],
    ['means nothing', '{"whatever": 1}\r\n'],
    ['answers a command never sent', '{"return": {}, "id": 7}\r\n'],
    ['answers without a number', '{"return": {}}\r\n'],
    ['answers with a number that is text', '{"return": {}, "id": "1"}\r\n'],
    ['says that the command could not be read', '{"error": {"class": "GenericError", "desc": "JSON parse error"}}\r\n'],
    ['never ends', 'x'.repeat(2000)],
    ['never ends over many lines', `{\r\n${'"a": [\r\n'.repeat(300)}`],
  ])('ends the connection at a message that %s', async (_what, bytes) => {
    const client = await clientOf(bytes)
    await expect(client.execute('query-status')).rejects.toMatchObject({ code: 'rpc', domain: 10 })
    expect(await client.closed).toMatchObject({ code: 'rpc' })
    await expect(client.greeting).rejects.toMatchObject({ code: 'rpc' })
  })

  it('understands replies and events cut and joined at will', async () => {
    const text = '{"event": "STOP", "data": {"ä": 1}}\r\n{"return": "ß", "id": 1}\r\n{"event": "RESUME"}\r\n'
    const client = await clientOf(...[...Buffer.from(text)].map((byte) => Buffer.from([byte])))
    const events = client.events()
    expect(await client.execute('query-status')).toBe('ß')
    expect((await events.next()).value).toMatchObject({ name: 'STOP', data: { ä: 1 } })
    expect((await events.next()).value).toMatchObject({ name: 'RESUME', data: {} })
    client.close()
  })

  it('counts the size of each message, not of all', async () => {
    const client = await clientOf(`${'{"event": "STOP"}\r\n'.repeat(200)}{"return": 1, "id": 1}\r\n`)
    expect(await client.execute('query-status')).toBe(1)
    client.close()
  })

  it('keeps members that JavaScript objects have by nature as what they are', async () => {
    const client = await clientOf('{"return": {"__proto__": {"polluted": 1}}, "id": 1}\r\n')
    const result = (await client.execute('query-status')) as object
    expect(Object.keys(result)).toEqual(['__proto__'])
    expect('polluted' in {}).toBe(false)
    client.close()
  })

  it('never fails but by a typed error, whatever bytes come', async () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('{', '}\n', '\n', '"return"', ':', '{"id":1,', '{"event":"E"}\n'),
    )
    const talk = fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const client = await clientOf(pieces.join(''))
      const outcome = await client.execute('query-status', {}, { timeout: 20 }).then(
        () => 'answered',
        ({ code }) => code,
      )
      expect(['answered', 'rpc', 'timeout']).toContain(outcome)
      client.close()
      await server[Symbol.asyncDispose]()
    })
    await fc.assert(talk, { numRuns: 50 })
    server = await rawServer(() => {})
  })
})

describe('openMonitor', () => {
  it('tells a QEMU that goes away before its greeting', async () => {
    server = await rawServer((socket) => socket.end())
    await expect(openMonitor(await connectUnix(server.path))).rejects.toMatchObject({ code: 'no-connection' })
  })

  it('tells what is no monitor', async () => {
    server = await rawServer((socket) => socket.write('220 mail.example ESMTP\r\n'))
    await expect(openMonitor(await connectUnix(server.path))).rejects.toMatchObject({ code: 'rpc' })
  })

  it('ends with an abort, and the connection with it', async () => {
    server = await rawServer(() => {})
    const controller = new AbortController()
    const opening = openMonitor(await connectUnix(server.path), { signal: controller.signal })
    controller.abort('enough')
    await expect(opening).rejects.toBe('enough')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(server.sockets.size).toBe(0)
  })
})
