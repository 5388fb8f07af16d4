import { errorDomains, VirtError } from '../errors.js'
import { nearestNames } from '../model/device-name.js'
import { lost } from '../model/loss.js'

/** How one `key=value` of a device string is spelt. */
export interface XlOption<T> {
  readonly key: string
  /** What its value is, for messages. */
  readonly is: string
  read(text: string): T | undefined
  write(value: T): string
}

/** Options by the member of the def that each is. */
export type XlOptions = Readonly<Record<string, XlOption<unknown>>>

/** What a table of options reads: each of them may be absent. */
export type XlValues<O extends XlOptions> = { -readonly [K in keyof O]?: O[K] extends XlOption<infer T> ? T : never }

/** A way of writing one kind of thing in xl's words. */
export interface XlText<T> {
  /** @throws VirtError `invalid-argument` for what xl refuses, or would take for something else than it seems */
  parse(text: string): T
  /** @throws VirtError `config-unsupported` for what cannot be said, or would be read as something else */
  format(value: T): string
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 200))

/** The error for text that xl would not take. */
export const notXl = (noun: string, text: string, problem: string): VirtError =>
  new VirtError('invalid-argument', `the ${noun} ${quoted(text)} ${problem}`, {
    errorDomain: errorDomains.conf,
  })

/**
 * Reads `key=value` pieces; as in xl, the last of a key counts.
 *
 * @throws VirtError `invalid-argument`, with what an unknown key could have meant
 */
export function readOptions<O extends XlOptions>(
  noun: string,
  text: string,
  options: O,
  pieces: readonly string[],
): XlValues<O> {
  const byKey = new Map(Object.entries(options).map(([member, option]) => [option.key, { member, option }]))
  const values: Record<string, unknown> = {}
  for (const piece of pieces) {
    const equals = piece.indexOf('=')
    if (equals < 0) throw notXl(noun, text, `has ${quoted(piece)}, which has no value; write key=value`)
    const key = piece.slice(0, equals)
    const known = byKey.get(key)
    if (!known) throw unknownKey(noun, text, key, [...byKey.keys()])
    const value = known.option.read(piece.slice(equals + 1))
    if (value === undefined) throw notXl(noun, text, `has ${quoted(piece)}; ${known.option.key} is ${known.option.is}`)
    values[known.member] = value
  }
  return values as XlValues<O>
}

function unknownKey(noun: string, text: string, key: string, keys: readonly string[]): VirtError {
  const [nearest] = nearestNames(key, keys, 1)
  const remedy = nearest === undefined ? `its options are ${keys.join(', ')}` : `did you mean ${nearest}?`
  return notXl(noun, text, `has the unknown option ${quoted(key)}; ${remedy}`)
}

/** The pieces that {@link readOptions} reads, in the order of the table. */
export function writeOptions<O extends XlOptions>(options: O, values: XlValues<O>): string[] {
  const given: Readonly<Record<string, unknown>> = values
  return Object.entries(options).flatMap(([member, { key, write }]) =>
    given[member] === undefined ? [] : [`${key}=${write(given[member])}`],
  )
}

/**
 * A format by its reader and its writer. What is written is read again, so that a comma in a name or a number out of
 * its range is refused and never becomes another device.
 */
export function xlText<T>(noun: string, parse: (text: string) => T, write: (value: T) => string): XlText<T> {
  return {
    parse,
    format(value) {
      const text = write(value)
      const missing = lost(value, readBack(noun, text, parse))
      if (missing.length > 0) throw unsayable(noun, missing.join(', '))
      return text
    },
  }
}

function readBack<T>(noun: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text)
  } catch (cause) {
    throw unsayable(noun, quoted(text), cause)
  }
}

/** The error for what xl has no words for. */
export const unsayable = (noun: string, what: string, cause?: unknown): VirtError =>
  new VirtError('config-unsupported', `the ${noun} cannot say ${what}; leave it out`, {
    errorDomain: errorDomains.conf,
    cause,
  })

const digits = {
  0: /^ *(?:0x[\da-f]+|0(?<octal>[0-7]*)|[1-9]\d*) *$/i,
  10: /^ *\d+ *$/,
}

/** A whole number within bounds, as C's strtoul reads it: in base 0, `0x` begins hexadecimal and `0` octal numbers. */
export const number = (key: string, minimum: number, maximum: number, base: 0 | 10 = 10): XlOption<number> => ({
  key,
  is: `a number from ${minimum} to ${maximum}`,
  read(text) {
    const match = digits[base].exec(text)
    const octal = match?.groups?.octal
    const value = octal ? Number(`0o${octal}`) : Number(text)
    return match && value >= minimum && value <= maximum ? value : undefined
  },
  write: String,
})

/** A switch: 0 is off and any other number on. xl takes words for 0, so they are refused. */
export const flag = (key: string): XlOption<boolean> => ({
  key,
  is: '1 or 0',
  read: (text) => (/^[+-]?\d+$/.test(text) ? Number(text) !== 0 : undefined),
  write: (on) => (on ? '1' : '0'),
})

/** One of some words, in any case (`libxl__enum_from_string`). */
export const word = <W extends string>(key: string, ...words: readonly W[]): XlOption<W> => ({
  key,
  is: words.join(' or '),
  read: (text) => words.find((each) => each === text.toLowerCase()),
  write: (value) => value,
})
