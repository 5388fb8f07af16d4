import { errorDomains, VirtError } from '../../errors.js'
import { FrameReader } from '../frames.js'

// libvirt's src/rpc/virnetprotocol.x: the length of all, a header of six words, the body.

/** The programs that share a connection. */
export const programs = { remote: 0x20008086, keepAlive: 0x6b656570 } as const

/** What a message is (`virNetMessageType`). */
export const messageTypes = { call: 0, reply: 1, event: 2, stream: 3, callWithFds: 4, replyWithFds: 5 } as const

/** How a message stands (`virNetMessageStatus`): a reply is ok or an error, a stream goes on or not. */
export const messageStatus = { ok: 0, error: 1, continue: 2 } as const

/** The procedures of the keepalive program (src/rpc/virkeepaliveprotocol.x). */
export const keepAlive = { ping: 1, pong: 2 } as const

/** What stands in front of every message. */
export interface MessageHeader {
  readonly program: number
  readonly procedure: number
  readonly type: number
  /** Chosen by the caller, repeated in the reply; 0 in events. */
  readonly serial: number
  readonly status: number
}

const lengthSize = 4
const headerSize = 24
/** The longest message there may be, without its length word (VIR_NET_MESSAGE_MAX of libvirt 1.2 and newer). */
const maxMessage = 32 * 1024 * 1024
const version = 1

/** A failure of the protocol itself: after it nothing more can be understood. */
export const protocolError = (what: string): VirtError =>
  new VirtError('rpc', `Malformed libvirt message: ${what}`, { errorDomain: errorDomains.rpc })

/** The bytes of a message. */
export function encodeMessage({ program, procedure, type, serial, status }: MessageHeader, body: Uint8Array): Buffer {
  const length = lengthSize + headerSize + body.length
  const message = Buffer.allocUnsafe(length)
  for (const [i, word] of [length, program, version, procedure, type, serial, status].entries())
    message.writeUInt32BE(word, i * 4)
  message.set(body, lengthSize + headerSize)
  return message
}

/** Cuts a stream of bytes into messages; throws `rpc` at what is none. */
export function messageReader(deliver: (header: MessageHeader, body: Buffer) => void): FrameReader {
  return new FrameReader(lengthSize, lengthOf, (frame) => {
    const word = (i: number) => frame.readUInt32BE(lengthSize + i * 4)
    if (word(1) !== version) throw protocolError(`version ${word(1)} of a program instead of ${version}`)
    const header = { program: word(0), procedure: word(2), type: word(3), serial: word(4), status: word(5) }
    deliver(header, frame.subarray(lengthSize + headerSize))
  })
}

function lengthOf(header: Buffer): number {
  const length = header.readUInt32BE(0)
  if (length < lengthSize + headerSize || length > lengthSize + maxMessage)
    throw protocolError(`it claims ${length} bytes`)
  return length
}
