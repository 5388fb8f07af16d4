import type { JsonSchema, Reading, Writing } from './codec.js'

/** How one value is spelt in XML. */
export interface Text<T> {
  /** What a right value is, as the end of "'x' is not …". */
  readonly is: string
  /** The value; `undefined` when the text is no such value, `null` when it says that there is none. */
  from(text: string, reading: Reading): T | undefined | null
  /** The spelling; `undefined` when the value has none. */
  to(value: T, writing: Writing): string | undefined
  /** Whether libvirt's schema admits the spelling, where that differs from what is read. */
  admits?(text: string): boolean
  readonly schema: JsonSchema
}

const same = (value: string): string | undefined => (typeof value === 'string' ? value : undefined)

/** Any text, unchanged. */
export const str: Text<string> = { is: 'text', from: (text) => text, to: same, schema: { type: 'string' } }

/** The same text, of which an empty one counts as absent. */
export const unlessEmpty = <T>(text: Text<T>): Text<T> => ({
  ...text,
  from: (source, reading) => (source === '' ? null : text.from(source, reading)),
})

/** Any text but the empty one, which counts as absent. */
export const name: Text<string> = { ...unlessEmpty(str), is: 'a name', schema: { type: 'string', minLength: 1 } }

/** Text of one shape. */
export const matching = (pattern: RegExp, is: string): Text<string> => ({
  is,
  from: (text) => (pattern.test(text) ? text : undefined),
  to: (value) => (pattern.test(value) ? value : undefined),
  schema: { type: 'string', pattern: pattern.source },
})

/** Text that has a usual spelling, to which any other is brought. */
export const usual = (is: string, from: (text: string) => string | undefined, schema: JsonSchema): Text<string> => ({
  is,
  from,
  to: from,
  schema: { type: 'string', ...schema },
})

/** A text as RELAX NG compares it with a word of a schema: white space around it and between words does not count. */
export const token = (text: string): string =>
  text
    .split(/[ \t\r\n]+/)
    .filter((word) => word !== '')
    .join(' ')

const admitsOneOf =
  (...words: readonly string[]) =>
  (text: string): boolean =>
    words.includes(token(text))

/** One of these words. */
export const word = <const W extends string>(...words: W[]): Text<W> => ({
  is: words.join(' or '),
  from: (text) => words.find((each) => each === text),
  to: (value) => words.find((each) => each === value),
  admits: admitsOneOf(...words),
  schema: { enum: words },
})

/** One of these words, or one that only a newer libvirt has: strict and compat reading refuse that. */
export const openWord = <const W extends string>(...words: W[]): Text<W | (string & {})> => ({
  ...str,
  is: words.join(' or '),
  from: (text, { strict, compat }) => (strict || compat ? words.find((each) => each === text) : text),
  admits: admitsOneOf(...words),
  schema: { type: 'string', examples: words },
})

/** Two words for true and false. */
const choice = (yes: string, no: string): Text<boolean> => ({
  is: `${yes} or ${no}`,
  from: (text) => (text === yes ? true : text === no ? false : undefined),
  to: (value) => (value ? yes : no),
  admits: admitsOneOf(yes, no),
  schema: { type: 'boolean' },
})

/** `yes` or `no`. */
export const yesNo = choice('yes', 'no')

/** `yes`, and `no` for what libvirt then does not write; in compat reading any other word is a no. */
export const onlyYes: Text<true> = {
  is: 'yes or no',
  from: (text, { compat }) => (text === 'yes' ? true : text === 'no' || compat ? null : undefined),
  to: (value) => (value ? 'yes' : undefined),
  admits: admitsOneOf('yes', 'no'),
  schema: { const: true },
}

/** `on` or `off`. */
export const onOff = choice('on', 'off')

/** The same text, of which libvirt's schema admits only some spellings. */
export const admitting = <T>(text: Text<T>, admits: (text: string) => boolean): Text<T> => ({ ...text, admits })
