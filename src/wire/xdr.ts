import { isUtf8 } from 'node:buffer'
import { errorDomains, VirtError } from '../errors.js'

/** How one kind of value crosses the wire (XDR, RFC 4506): said once, it reads, writes and has a TypeScript type. */
export interface XdrType<T> {
  write(out: XdrWriter, value: T): void
  read(input: XdrReader): T
}

/** The TypeScript type of what an {@link XdrType} carries. */
export type XdrValue<X> = X extends XdrType<infer T> ? T : never

/** The members of a structure, in the order in which they are sent. */
export type XdrFields = Readonly<Record<string, XdrType<unknown>>>

/** The TypeScript type of a structure with those members. */
export type XdrStruct<F extends XdrFields> = { readonly [K in keyof F]: XdrValue<F[K]> }

const malformed = (what: string) => new VirtError('rpc', `Malformed XDR: ${what}`, { errorDomain: errorDomains.rpc })
const unfit = (what: string) => new VirtError('invalid-argument', what, { errorDomain: errorDomains.rpc })

/** Bytes being written. */
export class XdrWriter {
  #bytes = Buffer.allocUnsafe(256)
  #length = 0

  /** Makes room for that many bytes and answers where it begins. */
  #grow(size: number): number {
    const at = this.#length
    this.#length += size
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, at)
      this.#bytes = larger
    }
    return at
  }

  int32(value: number): void {
    const at = this.#grow(4)
    this.#bytes.writeInt32BE(value, at)
  }

  uint32(value: number): void {
    const at = this.#grow(4)
    this.#bytes.writeUInt32BE(value, at)
  }

  uint64(value: bigint): void {
    const at = this.#grow(8)
    this.#bytes.writeBigUInt64BE(value, at)
  }

  /** Bytes, filled up with zeros to a multiple of four. */
  opaque(bytes: Uint8Array): void {
    const at = this.#grow(padded(bytes.length))
    this.#bytes.fill(0, at + bytes.length, this.#length).set(bytes, at)
  }

  /** What was written. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }
}

/** Bytes being read; reading beyond their end is an `rpc` error. */
export class XdrReader {
  #at = 0

  constructor(private readonly bytes: Buffer) {}

  #take(size: number): number {
    const at = this.#at
    if (size > this.bytes.length - at)
      throw malformed(`a value of ${size} bytes begins ${this.bytes.length - at} bytes before the end`)
    this.#at += size
    return at
  }

  int32(): number {
    return this.bytes.readInt32BE(this.#take(4))
  }

  uint32(): number {
    return this.bytes.readUInt32BE(this.#take(4))
  }

  uint64(): bigint {
    return this.bytes.readBigUInt64BE(this.#take(8))
  }

  /** That many bytes, past the zeros that fill them up; a view, not a copy. */
  opaque(length: number): Buffer {
    const at = this.#take(padded(length))
    return this.bytes.subarray(at, at + length)
  }

  /** Throws unless everything has been read. */
  finish(): void {
    const left = this.bytes.length - this.#at
    if (left > 0) throw malformed(`${left} bytes are left over`)
  }
}

const padded = (length: number): number => Math.ceil(length / 4) * 4

/** A signed 32-bit integer. */
export const int: XdrType<number> = {
  write(out, value) {
    if (value !== (value | 0)) throw unfit(`${value} is no signed 32-bit integer`)
    out.int32(value)
  },
  read: (input) => input.int32(),
}

/** An unsigned 32-bit integer: flags, for one. */
export const uint: XdrType<number> = {
  write(out, value) {
    if (value !== value >>> 0) throw unfit(`${value} is no unsigned 32-bit integer`)
    out.uint32(value)
  },
  read: (input) => input.uint32(),
}

/** A boolean, sent as the integer 0 or 1. */
export const bool: XdrType<boolean> = {
  write: (out, value) => out.int32(value ? 1 : 0),
  read: (input) => input.int32() !== 0,
}

/** An unsigned 64-bit integer, as a number: exact up to 2^53, an error beyond. */
export const uhyper: XdrType<number> = {
  write(out, value) {
    if (!Number.isSafeInteger(value) || value < 0) throw unfit(`${value} is no integer from 0 to 2^53`)
    out.uint64(BigInt(value))
  },
  read(input) {
    const value = input.uint64()
    if (value > Number.MAX_SAFE_INTEGER) throw malformed(`${value} is more than a number can hold exactly`)
    return Number(value)
  },
}

/** That many bytes, always. */
export const opaque = (length: number): XdrType<Uint8Array> => ({
  write(out, value) {
    if (value.length !== length) throw unfit(`${value.length} bytes stand where ${length} are needed`)
    out.opaque(value)
  },
  read: (input) => Buffer.from(input.opaque(length)),
})

/** UTF-8 text of at most `max` bytes. A NUL is refused: a C program would take the text for shorter than it is. */
export const string = (max: number): XdrType<string> => ({
  write(out, value) {
    const bytes = Buffer.from(value)
    if (bytes.length > max) throw unfit(`A string of ${bytes.length} bytes is longer than the protocol's ${max}`)
    if (bytes.includes(0)) throw unfit(`${JSON.stringify(value.slice(0, 100))} holds a NUL`)
    out.uint32(bytes.length)
    out.opaque(bytes)
  },
  read(input) {
    const length = input.uint32()
    if (length > max) throw malformed(`a string of ${length} bytes is longer than the protocol's ${max}`)
    const bytes = input.opaque(length)
    if (!isUtf8(bytes)) throw malformed('a string is not UTF-8')
    return bytes.toString()
  },
})

/** A value that may be absent: NULL is something else than an empty string. */
export const optional = <T>(type: XdrType<T>): XdrType<T | undefined> => ({
  write(out, value) {
    out.uint32(value === undefined ? 0 : 1)
    if (value !== undefined) type.write(out, value)
  },
  read(input) {
    const present = input.uint32()
    if (present > 1) throw malformed(`${present} stands where 1 or 0 says whether a value follows`)
    return present === 1 ? type.read(input) : undefined
  },
})

/** At most `max` values of one type. */
export const array = <T>(type: XdrType<T>, max: number): XdrType<readonly T[]> => ({
  write(out, values) {
    if (values.length > max) throw unfit(`${values.length} values are more than the protocol's ${max}`)
    out.uint32(values.length)
    for (const value of values) type.write(out, value)
  },
  read(input) {
    const length = input.uint32()
    if (length > max) throw malformed(`a list of ${length} is longer than the protocol's ${max}`)
    // Not allocated beforehand: the list may be shorter than it says.
    const values: T[] = []
    for (let i = 0; i < length; i++) values.push(type.read(input))
    return values
  },
})

/** Values one after the other. */
export function struct<F extends XdrFields>(fields: F): XdrType<XdrStruct<F>> {
  const members = Object.entries(fields)
  return {
    write(out, value) {
      for (const [name, type] of members) type.write(out, value[name])
    },
    read(input) {
      const value: Record<string, unknown> = {}
      for (const [name, type] of members) value[name] = type.read(input)
      return value as XdrStruct<F>
    },
  }
}

/** The bytes of a value. */
export function encode<T>(type: XdrType<T>, value: T): Buffer {
  const out = new XdrWriter()
  type.write(out, value)
  return out.finish()
}

/** The value that all of these bytes stand for. */
export function decode<T>(type: XdrType<T>, bytes: Buffer): T {
  const input = new XdrReader(bytes)
  const value = type.read(input)
  input.finish()
  return value
}
