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
  /** Whether it is known who is there, and nobody on the way can read along: a password may be sent. */
  readonly confidential?: boolean
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
export function byteStream(stream: NodeStream, peer: string, confidential = false): ByteStream {
  let corked = false
  const uncork = () => {
    corked = false
    stream.uncork()
  }
  return {
    peer,
    ...(confidential && { confidential }),
    receive(data, closed) {
      let failure: VirtError | undefined
      stream.on('data', data)
      stream.on('error', (cause) => {
        failure = VirtError.is(cause)
          ? cause
          : new VirtError('no-connection', `${peer}: the connection broke: ${cause.message}`, { cause })
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

/**
 * The longest path a unix socket can have: `sun_path` of unix(7) less its final NUL. Node cuts longer ones silently.
 */
const maxPath = 107

/**
 * Connects to a unix socket. Rejects with `invalid-argument` for a path the kernel cannot take, `no-connection` where
 * nobody listens, `resource-busy` where too many wait, `access-denied` and `timeout` (10 seconds unless told).
 */
export async function connectUnix(path: string, limits: Limits = {}): Promise<ByteStream> {
  const length = Buffer.byteLength(path)
  if (length === 0 || length > maxPath || path.includes('\0'))
    throw new VirtError(
      'invalid-argument',
      `${JSON.stringify(path)} is no socket path: it has ${length} bytes, of 1 to ${maxPath} without NUL`,
      { path },
    )
  return byteStream(await connected(() => createConnection({ path }), path, 'connect', limits), path)
}

/** Where a daemon listens on the network. */
export interface NetworkAddress {
  /** A name, or an address of IPv4 or IPv6. */
  readonly host: string
  readonly port: number
}

/** An address as it is written in messages: `host:16509`, `[::1]:16509`. */
export const formatAddress = ({ host, port }: NetworkAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/**
 * Connects to a TCP port, of whichever of the host's addresses answers. Rejects with `no-connection` where nobody
 * listens or nobody has that name, and `timeout` (10 seconds unless told).
 */
export async function connectTcp(address: NetworkAddress, limits: Limits = {}): Promise<ByteStream> {
  const peer = formatAddress(address)
  const open = () => createConnection({ ...address, noDelay: true })
  return byteStream(await connected(open, peer, 'connect', limits), peer)
}

/** Opens a socket and waits until it says that it is connected; one that runs out of its limits is destroyed. */
export async function connected<S extends Socket>(
  open: () => S,
  peer: string,
  event: 'connect' | 'secureConnect',
  { signal, timeout = 10_000 }: Limits,
): Promise<S> {
  const expired = (limit: number) =>
    new VirtError('timeout', `${peer} did not take the connection within ${limit} ms`, { path: peer })
  return await deadline({ signal, timeout }, expired, async (ended) => {
    const socket = open()
    ended.addEventListener('abort', () => socket.destroy())
    await new Promise<void>((resolve, reject) => {
      const onError = (cause: NodeJS.ErrnoException) => reject(notConnected(peer, cause))
      socket.once('error', onError)
      socket.once(event, () => {
        socket.off('error', onError)
        resolve()
      })
    })
    return socket
  })
}

const refusals: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: ['no-connection', 'there is no such socket: is its daemon running?'],
  ECONNREFUSED: ['no-connection', 'nobody listens there: is its daemon running?'],
  EACCES: ['access-denied', 'this user may not connect to it'],
  EAGAIN: ['resource-busy', 'more clients wait for its daemon than it lets queue'],
  EPERM: ['access-denied', 'this user may not connect to it'],
  ENOTFOUND: ['no-connection', 'there is no host of that name'],
  EAI_AGAIN: ['no-connection', 'no name server says where that host is'],
  EHOSTUNREACH: ['no-connection', 'no route leads there, or it does not answer'],
  ENETUNREACH: ['no-connection', 'no route leads there'],
  ETIMEDOUT: ['no-connection', 'it does not answer'],
}

function notConnected(path: string, cause: NodeJS.ErrnoException): VirtError {
  const errno = cause.code ?? ''
  const [code, what] = refusals[errno] ?? ['no-connection', cause.message || 'the connection failed']
  return new VirtError(code, `${path}: ${what}`, { path, errno, cause })
}
