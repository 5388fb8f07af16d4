import type { JsonSchema, Reading, Writing } from './codec.js'

/** How one value is spelt in XML. */
export interface Text<T> {
  /** What a right value is, as the end of "'x' is not …". */
  readonly is: string
  /** The value; `undefined` when the text is no such value, `null` when it says that there is none. */
  from(text: string, reading: Reading): T | undefined | null
  to(value: T, writing: Writing): string
  /** Whether libvirt's schema admits the spelling, where that differs from what is read. */
  admits?(text: string): boolean
  readonly schema: JsonSchema
}

/** The value of a text. */
export type Value<X> = X extends Text<infer T> ? T : never

/** Any text, unchanged. */
export const str: Text<string> = { is: 'text', from: (text) => text, to: (value) => value, schema: { type: 'string' } }

/** Any text but the empty one, which counts as absent. */
export const name: Text<string> = { ...str, is: 'a name', from: (text) => text || null }

/** Text of one shape. */
export const matching = (pattern: RegExp, is: string): Text<string> => ({
  is,
  from: (text) => (pattern.test(text) ? text : undefined),
  to: (value) => value,
  schema: { type: 'string', pattern: pattern.source },
})

const integer = (text: string, pattern: RegExp): number | undefined => {
  const trimmed = text.trim()
  return pattern.test(trimmed) ? Number(trimmed) : undefined
}

/** A number in decimal digits. */
export const decimal: Text<number> = {
  is: 'a decimal number',
  from: (text) => {
    const value = integer(text, /^\d+$/)
    return value !== undefined && Number.isSafeInteger(value) ? value : undefined
  },
  to: (value) => String(value),
  schema: { type: 'integer', minimum: 0 },
}

/** A number in decimal digits, or in hexadecimal ones after `0x`; written in decimal. */
export const uint: Text<number> = {
  ...decimal,
  is: 'a number',
  from: (text) => {
    const value = integer(text, /^(0x[\da-f]+|\d+)$/i)
    return value !== undefined && Number.isSafeInteger(value) ? value : undefined
  },
}

/** The same, written in hexadecimal with at least so many digits: `hex(4)` spells 70 `0x0046`. */
export const hex = (digits: number, text: Text<number> = uint): Text<number> => ({
  ...text,
  to: (value) => `0x${value.toString(16).padStart(digits, '0')}`,
  admits: (text) => /^0x[\da-f]+$/.test(text),
})

const inC: Record<0 | 10 | 16, RegExp> = {
  0: /^[ \t-\r]*\+?(?:0x(?<hex>[\da-f]+)|0(?<octal>[0-7]*)|(?<decimal>[1-9]\d*))$/i,
  10: /^[ \t-\r]*\+?(?<decimal>\d+)$/,
  16: /^[ \t-\r]*\+?(?:0x)?(?<hex>[\da-f]+)$/i,
}

/** The value of a number as C's strtoul takes it: blanks and a plus sign may come before it, nothing after it. */
function fromC(text: string, base: 0 | 10 | 16): bigint | undefined {
  const { hex, octal, decimal } = inC[base].exec(text)?.groups ?? {}
  if (hex !== undefined) return BigInt(`0x${hex}`)
  if (octal !== undefined) return BigInt(`0o0${octal}`)
  return decimal === undefined ? undefined : BigInt(decimal)
}

/**
 * A number of 32 bits as libvirt reads most of a domain's (`virXMLPropUInt`): with base 0, `0x1f`, `037` and `31` are
 * the same. Written in decimal.
 */
export const cUint = (base: 0 | 10 | 16 = 0): Text<number> => ({
  ...decimal,
  is: base === 16 ? 'a hexadecimal number of 32 bits' : 'a number of 32 bits',
  from: (text) => {
    const value = fromC(text, base)
    return value !== undefined && value < 1n << 32n ? Number(value) : undefined
  },
})

/** A number of 64 bits, read the same way; the def holds it as a string of decimal digits. */
export const cUint64 = (base: 0 | 10 | 16 = 0): Text<string> => ({
  is: 'a number of 64 bits',
  from: (text) => {
    const value = fromC(text, base)
    return value !== undefined && value < 1n << 64n ? value.toString() : undefined
  },
  to: (value) => value,
  schema: { type: 'string', pattern: '^\\d+$' },
})

/** A number that may not be larger. */
export const upTo = (maximum: number, text: Text<number>): Text<number> => ({
  ...text,
  is: `${text.is} up to ${maximum}`,
  from: (source, reading) => {
    const value = text.from(source, reading)
    return typeof value === 'number' && value > maximum ? undefined : value
  },
  schema: { ...text.schema, maximum },
})

/** One of these words. */
export const word = <const W extends string>(...words: W[]): Text<W> => ({
  is: words.join(' or '),
  from: (text) => words.find((each) => each === text),
  to: (value) => value,
  schema: { enum: words },
})

/** Two words for true and false. */
const choice = (yes: string, no: string): Text<boolean> => ({
  is: `${yes} or ${no}`,
  from: (text) => (text === yes ? true : text === no ? false : undefined),
  to: (value) => (value ? yes : no),
  schema: { type: 'boolean' },
})

/** `yes` or `no`. */
export const yesNo = choice('yes', 'no')

/** `on` or `off`. */
export const onOff = choice('on', 'off')

/** The same text, of which libvirt's schema admits only some spellings. */
export const admitting = <T>(text: Text<T>, admits: (text: string) => boolean): Text<T> => ({ ...text, admits })
