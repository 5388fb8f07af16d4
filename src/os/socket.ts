import { createConnection, type Socket } from 'node:net'
import { deadline, type Limits } from '../async/deadline.js'
import { type ErrorCode, VirtError } from '../errors.js'

/**
 * A stream of bytes to and from a daemon, as the protocol clients use it. {@link byteStream} makes one of any Node
 * stream: a TLS socket, an ssh channel.
 */
export interface ByteStream {
  /** Who is at the other end, for messages: a path or address. */
  readonly peer: string
  /** Starts to receive: every chunk, then, once, the end; with an error when it was no orderly one. */
  receive(data: (chunk: Buffer) => void, closed: (error?: VirtError) => void): void
  /** Sends bytes, in order; after the end they are dropped. */
  send(bytes: Uint8Array): void
  /** Ends both directions. */
  close(): void
}

/** The part of a Node stream (`net.Socket`, `tls.TLSSocket`, ssh2's channel) that is used. */
export interface NodeStream {
  readonly writableLength: number
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'close', listener: () => void): unknown
  write(bytes: Uint8Array): unknown
  cork(): unknown
  uncork(): unknown
  destroy(error?: Error): unknown
}

/** Unsent bytes above which the other end counts as one that does not read. */
const maxUnsent = 64 * 1024 * 1024

/** Makes a {@link ByteStream} of a Node stream that nobody else reads. */
export function byteStream(stream: NodeStream, peer: string): ByteStream {
  let corked = false
  const uncork = () => {
    corked = false
    stream.uncork()
  }
  return {
    peer,
    receive(data, closed) {
      let failure: VirtError | undefined
      stream.on('data', data)
      stream.on('error', (cause) => {
        failure = new VirtError('no-connection', `${peer}: the connection broke: ${cause.message}`, { cause })
      })
      stream.on('close', () => closed(failure))
    },
    send(bytes) {
      // What is sent in one turn of the event loop, often the answers to one packet, leaves in one system call.
      if (!corked) {
        corked = true
        stream.cork()
        process.nextTick(uncork)
      }
      stream.write(bytes)
      if (stream.writableLength > maxUnsent) stream.destroy(new Error(`${peer} does not read what it is sent`))
    },
    close() {
      stream.destroy()
    },
  }
}

/** The longest path a unix socket can have: `sun_path` of unix(7) less its final NUL. Node cuts longer ones silently. */
const maxPath = 107

/**
 * Connects to a unix socket. Rejects with `invalid-argument` for a path the kernel cannot take, `no-connection` where
 * nobody listens, `resource-busy` where too many wait, `access-denied` and `timeout` (10 seconds unless told).
 */
export async function connectUnix(path: string, { signal, timeout = 10_000 }: Limits = {}): Promise<ByteStream> {
  const length = Buffer.byteLength(path)
  if (length === 0 || length > maxPath || path.includes('\0'))
    throw new VirtError(
      'invalid-argument',
      `${JSON.stringify(path)} is no socket path: it has ${length} bytes, of 1 to ${maxPath} without NUL`,
      { path },
    )
  const expired = (limit: number) =>
    new VirtError('timeout', `${path} did not take the connection within ${limit} ms`, { path })

  return await deadline({ signal, timeout }, expired, async (ended) => {
    const socket = createConnection({ path })
    ended.addEventListener('abort', () => socket.destroy())
    await connected(socket, path)
    return byteStream(socket, path)
  })
}

async function connected(socket: Socket, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException) => reject(notConnected(path, cause))
    socket.once('error', onError)
    socket.once('connect', () => {
      socket.off('error', onError)
      resolve()
    })
  })
}

const refusals: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: ['no-connection', 'there is no such socket: is its daemon running?'],
  ECONNREFUSED: ['no-connection', 'nobody listens there: is its daemon running?'],
  EACCES: ['access-denied', 'this user may not connect to it'],
  EAGAIN: ['resource-busy', 'more clients wait for its daemon than it lets queue'],
  EPERM: ['access-denied', 'this user may not connect to it'],
}

function notConnected(path: string, cause: NodeJS.ErrnoException): VirtError {
  const errno = cause.code ?? ''
  const [code, what] = refusals[errno] ?? ['no-connection', cause.message]
  return new VirtError(code, `${path}: ${what}`, { path, errno, cause })
}
