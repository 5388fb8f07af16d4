import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { byteStream, connectUnix } from '../../src/os/socket.js'

let folder: string
let path: string
let server: Server | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostdev-'))
  path = join(folder, 'socket')
})
afterEach(() => {
  server?.close()
  server = undefined
  rmSync(folder, { recursive: true })
})

function plainFile(): string {
  writeFileSync(join(folder, 'file'), '')
  return join(folder, 'file')
}

async function listen(serve: (socket: Socket) => void): Promise<void> {
  const listening = createServer((socket) => serve(socket.on('error', () => {})))
  server = listening
  await new Promise<void>((resolve) => listening.listen(path, resolve))
}

describe('connectUnix', () => {
  it('sends and receives bytes, and tells the end', async () => {
    await listen((socket) => socket.on('data', (bytes) => socket.end(`<${bytes}>`)))
    const stream = await connectUnix(path)
    const received = new Promise<string>((resolve, reject) => {
      let text = ''
      stream.receive(
        (chunk) => {
          text += chunk
        },
        (error) => (error ? reject(error) : resolve(text)),
      )
    })
    stream.send(Buffer.from('ping'))
    expect(await received).toBe('<ping>')
  })

  it('loses nothing that came before the first receive', async () => {
    await listen((socket) => socket.end('early'))
    const stream = await connectUnix(path)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const chunk = await new Promise<Buffer>((resolve) => stream.receive(resolve, () => {}))
    expect(chunk.toString()).toBe('early')
  })

  it('tells a connection that breaks', async () => {
    // A unix socket that is closed with bytes unread resets its peer.
    await listen((socket) => setTimeout(() => socket.destroy(), 20))
    const stream = await connectUnix(path)
    stream.send(Buffer.alloc(1_000_000))
    const error = await new Promise((resolve) => stream.receive(() => {}, resolve))
    expect(error).toMatchObject({ code: 'no-connection' })
  })

  it.each([
    ['a socket that is not there', () => path, 'no-connection', 'ENOENT'],
    ['a file that is no socket', () => plainFile(), 'no-connection', 'ECONNREFUSED'],
  ])('refuses %s', async (_what, where, code, errno) => {
    await expect(connectUnix(where())).rejects.toMatchObject({ code, details: { path: where(), errno } })
  })

  it.each([
    ['more than 107 bytes, which Node would cut', `/${'s'.repeat(107)}`],
    ['107 characters of more bytes', `/${'ß'.repeat(106)}`],
    ['no characters', ''],
    ['a NUL', '/run/a\0b'],
  ])('refuses a path with %s', async (_what, where) => {
    await expect(connectUnix(where)).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('rejects with the reason of an abort', async () => {
    await expect(connectUnix(path, { signal: AbortSignal.abort('no') })).rejects.toBe('no')
  })
})

describe('byteStream', () => {
  it('breaks with a peer that never reads, before its bytes fill the memory', async () => {
    await listen((socket) => socket.pause())
    const stream = byteStream(createConnection({ path }), 'a lazy peer')
    const ended = new Promise((resolve) => stream.receive(() => {}, resolve))
    for (let i = 0; i < 65; i++) stream.send(Buffer.alloc(1024 * 1024))
    expect(await ended).toMatchObject({
      code: 'no-connection',
      message: 'a lazy peer: the connection broke: a lazy peer does not read what it is sent',
    })
  })
})
