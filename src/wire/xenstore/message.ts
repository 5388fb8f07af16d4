import { FrameReader } from '../frames.js'

// Xen's docs/misc/xenstore.txt and xen/include/public/io/xs_wire.h: four words, then the payload.

/** What can be asked of xenstored, by the number of its message. */
export const operations = {
  CONTROL: 0,
  DIRECTORY: 1,
  READ: 2,
  GET_PERMS: 3,
  WATCH: 4,
  UNWATCH: 5,
  TRANSACTION_START: 6,
  TRANSACTION_END: 7,
  INTRODUCE: 8,
  RELEASE: 9,
  GET_DOMAIN_PATH: 10,
  WRITE: 11,
  MKDIR: 12,
  RM: 13,
  SET_PERMS: 14,
  IS_DOMAIN_INTRODUCED: 17,
  RESUME: 18,
  SET_TARGET: 19,
  RESET_WATCHES: 21,
  DIRECTORY_PART: 22,
  GET_FEATURE: 23,
  SET_FEATURE: 24,
  GET_QUOTA: 25,
  SET_QUOTA: 26,
} as const

/** The name of something that can be asked. */
export type Operation = keyof typeof operations

/** What xenstored sends of itself: an event of a watch, or an error in place of a reply. */
export const replies = { WATCH_EVENT: 15, ERROR: 16 } as const

/** One message of either side. */
export interface StoreMessage {
  readonly type: number
  /** Chosen by the client, repeated in the reply; 0 in events. */
  readonly requestId: number
  /** The transaction it belongs to; 0 for none. */
  readonly transaction: number
  readonly payload: Buffer
}

const headerSize = 16

/** The longest payload of a request (XENSTORE_PAYLOAD_MAX); xenstored drops a client that sends more. */
export const maxPayload = 4096

/** The longest payload that is taken: oxenstored sends a list of children whole, however long it is. */
const maxReply = 1024 * 1024

/** The bytes of a message: words in the byte order of the host, little-endian wherever there is Xen. */
export function encodeMessage({ type, requestId, transaction, payload }: StoreMessage): Buffer {
  const message = Buffer.allocUnsafe(headerSize + payload.length)
  for (const [i, word] of [type, requestId, transaction, payload.length].entries()) message.writeUInt32LE(word, i * 4)
  message.set(payload, headerSize)
  return message
}

/** Cuts a stream of bytes into messages; throws what `tooLong` makes of a message longer than allowed. */
export function messageReader(
  deliver: (message: StoreMessage) => void,
  tooLong: (length: number) => Error,
): FrameReader {
  const lengthOf = (header: Buffer) => {
    const length = header.readUInt32LE(12)
    if (length > maxReply) throw tooLong(length)
    return headerSize + length
  }
  return new FrameReader(headerSize, lengthOf, (frame) => {
    const word = (i: number) => frame.readUInt32LE(i * 4)
    deliver({ type: word(0), requestId: word(1), transaction: word(2), payload: frame.subarray(headerSize) })
  })
}
