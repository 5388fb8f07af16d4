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
export const hex = (digits: number): Text<number> => ({
  ...uint,
  to: (value) => `0x${value.toString(16).padStart(digits, '0')}`,
  admits: (text) => /^0x[\da-f]+$/.test(text),
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
