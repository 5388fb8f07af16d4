import type { Text } from './text.js'

/** As with C's strtoul, base 0 takes the base from the prefix: `0x` for 16, `0` for 8. */
export type Base = 0 | 10 | 16

// C17 7.22.1.4: blanks and a sign may come before the digits; libvirt lets nothing come after them
const inC: Record<Base, RegExp> = {
  0: /^[ \t-\r]*(?<sign>[+-]?)(?:0x(?<hex>[\da-f]+)|(?<octal>0[0-7]*)|(?<decimal>[1-9]\d*))$/i,
  10: /^[ \t-\r]*(?<sign>[+-]?)(?<decimal>\d+)$/,
  16: /^[ \t-\r]*(?<sign>[+-]?)(?:0x)?(?<hex>[\da-f]+)$/i,
}

/** A number in the spelling of a JavaScript literal: `31`, `0x1f`, `0o37`, with its sign. */
function literal(text: string, base: Base): string | undefined {
  const { sign = '', hex, octal, decimal } = inC[base].exec(text)?.groups ?? {}
  const digits = hex !== undefined ? `0x${hex}` : octal !== undefined ? `0o${octal}` : decimal
  return digits === undefined ? undefined : sign.replace('+', '') + digits
}

/** How nearly all numbers are spelt, which JavaScript reads alike. */
const usual: Record<Base, RegExp> = {
  0: /^(?:0|[1-9]\d{0,8}|0x[\da-f]{1,8})$/i,
  10: /^\d{1,9}$/,
  16: /^0x[\da-f]{1,8}$/i,
}

function fromC(text: string, base: Base): number | undefined {
  if (usual[base].test(text)) return Number(text)
  const digits = literal(text, base)
  if (digits === undefined) return undefined
  return digits.startsWith('-') ? -Number(digits.slice(1)) : Number(digits)
}

const within = (value: number | undefined, minimum: number, maximum: number): number | undefined =>
  Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum
    ? (value as number)
    : undefined

// where no sign belongs libvirt's virStrToLong_uip refuses the dash itself, that of -0 too
const integers = (is: string, base: Base, minimum: number, maximum: number): Text<number> => ({
  is: base === 16 ? is.replace('number', 'hexadecimal number') : is,
  from: (text) => (minimum === 0 && text.includes('-') ? undefined : within(fromC(text, base), minimum, maximum)),
  to: (value) => within(value, minimum, maximum)?.toString(),
  schema: { type: 'integer', minimum, maximum },
})

/**
 * A number of 32 bits as libvirt reads most numbers (`virStrToLong_uip`): with base 0, `0x1f`, `037` and `31` are the
 * same. Written in decimal.
 */
export const cUint = (base: Base = 0): Text<number> => integers('a number of 32 bits', base, 0, 0xffff_ffff)

/** A number of 32 bits with a sign (`virStrToLong_i`). */
export const cInt = (base: Base = 0): Text<number> =>
  integers('a number of 32 bits with a sign', base, -0x8000_0000, 0x7fff_ffff)

/** A number of 64 bits for libvirt; larger ones than a JavaScript number can hold are refused. */
export const size: Text<number> = integers(`a number up to ${Number.MAX_SAFE_INTEGER}`, 10, 0, Number.MAX_SAFE_INTEGER)

/** A number of 64 bits; the def holds it as a string of decimal digits. */
export const cUint64 = (base: Base = 0): Text<string> => ({
  is: 'a number of 64 bits',
  from(text) {
    const digits = literal(text, base)
    const value = digits === undefined || digits.startsWith('-') ? undefined : BigInt(digits)
    return value !== undefined && value < 1n << 64n ? value.toString() : undefined
  },
  to(value) {
    const number = /^\d{1,20}$/.test(value) ? BigInt(value) : undefined
    return number !== undefined && number < 1n << 64n ? number.toString() : undefined
  },
  schema: { type: 'string', pattern: '^(0|[1-9]\\d{0,19})$' },
})

/** The same number, written in hexadecimal with at least so many digits: `hex(4)` spells 70 `0x0046`. */
export const hex = (digits: number, text: Text<number> = cUint(16)): Text<number> => ({
  ...text,
  to: (value, writing) =>
    text.to(value, writing) === undefined ? undefined : `0x${value.toString(16).padStart(digits, '0')}`,
})

/** A number that may not be larger. */
export const upTo = (maximum: number, text: Text<number>): Text<number> => ({
  ...text,
  is: `${text.is} up to ${maximum}`,
  from: (source, reading) => {
    const value = text.from(source, reading)
    return typeof value === 'number' && value > maximum ? undefined : value
  },
  to: (value, writing) => (value > maximum ? undefined : text.to(value, writing)),
  schema: { ...text.schema, maximum },
})

/** The same number, of which a negative one says that there is none. */
export const unlessNegative = (text: Text<number>): Text<number> => ({
  ...text,
  from: (source, reading) => {
    const value = text.from(source, reading)
    return typeof value === 'number' && value < 0 ? null : value
  },
  to: (value, writing) => (value < 0 ? undefined : text.to(value, writing)),
  schema: { ...text.schema, minimum: 0 },
})

/** The same number, which libvirt prints with `%d`: 4294967295 becomes -1, in compat writing. */
export const printedSigned = (text: Text<number>): Text<number> => ({
  ...text,
  to: (value, writing) => {
    const spelt = text.to(value, writing)
    return spelt !== undefined && writing.compat ? String(value | 0) : spelt
  },
})

/** The same number, of which 0 says that there is none. */
export const unlessZero = (text: Text<number>): Text<number> => ({
  ...text,
  from: (source, reading) => {
    const value = text.from(source, reading)
    return value === 0 ? null : value
  },
  schema: { ...text.schema, minimum: 1 },
})
