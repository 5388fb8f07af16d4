import type { Codec, Finding, JsonSchema, Reading, Writing } from './codec.js'
import { finding, invalid, unwritable } from './codec.js'
import type { XmlElement } from './element.js'
import { openPlace, type Place, place } from './place.js'
import type { XmlSink } from './sink.js'
import { checkStrangers, refuseStrangers } from './strangers.js'
import type { Text } from './text.js'

/** A table's entry: one value of the def, and where in the element it stands. */
export interface Row<T> {
  readonly place: Place
  /** Whether the def may lack it. */
  readonly optional: boolean
  /** Whether the element may hold several, which makes the value an array. */
  readonly many: boolean
  /** Whether there must be at least one of them. */
  readonly nonEmpty?: boolean
  /** Whether libvirt's schema lets the element lack it; as `optional` unless told. */
  readonly mayLack: boolean
  /** Whether libvirt's schema lets it stand several times though one counts: the first, or the last. */
  readonly repeats?: 'first' | 'last'
  /** Whether libvirt adds up the values of several, which its schema does not have: the value is an array. */
  readonly gathers?: boolean
  /** The value it has where an element or a def says none. */
  otherwise?(mode: { readonly compat: boolean }): T | undefined
  /** Whether it is passed over in writing, though the def has it. */
  omitted?(mode: { readonly compat: boolean }): boolean
  /** Reads from the element that holds the attribute or text, or from the child element itself, as a codec does. */
  read(element: XmlElement, reading: Reading, told?: readonly string[]): T | undefined
  /** Writes the attribute or text, or the child element with its content: `inside` adds attributes to that. */
  write(sink: XmlSink, value: T, writing: Writing, inside?: () => void): void
  check(element: XmlElement, findings: Finding[], told?: readonly string[]): void
  schema(): JsonSchema
}

/** A row of any type, for signatures: values are checked where the row is made. */
// biome-ignore lint/suspicious/noExplicitAny: the element type of a heterogeneous table
export type AnyRow = Row<any>

function decode<T>(source: string, text: Text<T>, element: XmlElement, reading: Reading, step: string): T | undefined {
  const value = text.from(source, reading)
  if (value === undefined) throw invalid(element, `is '${source.slice(0, 100)}', which is not ${text.is}`, step)
  return value ?? undefined
}

function encode<T>(value: T, text: Text<T>, sink: XmlSink, writing: Writing, step: string): string {
  const spelt = text.to(value, writing)
  if (spelt !== undefined) return spelt
  throw unwritable(sink.path + step, `cannot be ${JSON.stringify(value)}, which is not ${text.is}`)
}

/** Texts are made from others by spreading; V8 reads members of objects that are built alike more quickly. */
const alike = <T>({ is, from, to, admits, schema }: Text<T>) => ({ is, from, to, admits, schema }) as Text<T>

const inSchema: Reading = { strict: true, compat: false, warn: () => undefined }

function admit<T>(source: string, text: Text<T>, element: XmlElement, findings: Finding[], step: string): void {
  const read = text.from(source, inSchema) != null
  if (text.admits ? text.admits(source) : read) return
  const problem = read ? "which libvirt's schema does not admit" : `which is not ${text.is}`
  findings.push(finding(element, `is '${source.slice(0, 100)}', ${problem}`, step))
}

const required = { optional: false, many: false, mayLack: false } as const
const textOnly = { attributes: [], text: true, children: false } as const

/** An attribute: `attr('@id', uint)`, or `attr('parent/@wwnn', wwn)` for one of a child that another row reads. */
export const attr = <T>(source: string, spelling: Text<T>): Row<T> => {
  const text = alike(spelling)
  const at = place(source)
  const attribute = at.attribute ?? ''
  const step = `/@${attribute}`
  return {
    ...required,
    place: at,
    read: (element, reading) => decode(element.attributes[attribute] ?? '', text, element, reading, step),
    write: (sink, value, writing) => sink.attribute(attribute, encode(value, text, sink, writing, step)),
    check: (element, findings) => admit(element.attributes[attribute] ?? '', text, element, findings, step),
    schema: () => text.schema,
  }
}

/** An element's text as a codec, for elements that hold nothing else. */
export const content = <T>(spelling: Text<T>): Codec<T> => {
  const text = alike(spelling)
  return {
    read(element, reading, told = []) {
      if (reading.strict) refuseStrangers(element, textOnly, told)
      const value = decode(element.stringValue, text, element, reading, '')
      if (value === undefined) throw invalid(element, 'is empty')
      return value
    },
    write: (sink, value, writing) => sink.text(encode(value, text, sink, writing, '')),
    check(element, findings, told = []) {
      checkStrangers(element, textOnly, told, findings)
      admit(element.text, text, element, findings, '')
    },
    schema: () => text.schema,
  }
}

/** The text of the table's own element. */
export const body = <T>(spelling: Text<T>): Row<T> => {
  const text = alike(spelling)
  return {
    ...required,
    place: place(''),
    read: (element, reading) => decode(element.stringValue, text, element, reading, ''),
    write: (sink, value, writing) => sink.text(encode(value, text, sink, writing, '')),
    check: (element, findings) => admit(element.text, text, element, findings, ''),
    schema: () => text.schema,
  }
}

const marksOf = ({ where }: Place) => where.filter(({ value }) => value !== undefined).map(({ attribute }) => attribute)

/** A child element; `gap` writes it `<x />` when it is empty, as libvirt does in a few places. */
export const one = <T>(source: string, inner: Codec<T>, { gap = false } = {}): Row<T> => {
  const at = place(source)
  const marks = marksOf(at)
  return {
    ...required,
    place: at,
    read: (element, reading, told) => inner.read(element, reading, told ? [...marks, ...told] : marks),
    write(sink, value, writing, inside) {
      openPlace(sink, at)
      inside?.()
      inner.write(sink, value, writing)
      sink.close(gap)
    },
    check: (element, findings, told) => inner.check(element, findings, told ? [...marks, ...told] : marks),
    schema: () => inner.schema(),
  }
}

/** A child element that holds text only. An empty one counts as absent, as with libvirt's `virXPathString`. */
export const leaf = <T>(source: string, spelling: Text<T>): Row<T> => {
  const text = alike(spelling)
  const row = one(source, content(text))
  const marks = marksOf(row.place)
  return {
    ...row,
    read(element, reading, told = []) {
      if (element.content.length === 0) return undefined
      if (reading.strict) refuseStrangers(element, textOnly, [...marks, ...told])
      return decode(element.stringValue, text, element, reading, '')
    },
    schema: () => (text.schema.type === 'string' ? { minLength: 1, ...text.schema } : text.schema),
  }
}

/** Child elements of one name, in document order. */
export const many = <T>(source: string, inner: Codec<T>): Row<T[]> => {
  const single = one(source, inner)
  return {
    // the table collects what is read of each element
    ...(single as unknown as Row<T[]>),
    many: true,
    mayLack: true,
    write(sink, values, writing) {
      for (const value of values) single.write(sink, value, writing)
    },
    schema: () => ({ type: 'array', items: inner.schema() }),
  }
}

/** The same, of which there must be at least one. */
export const some = <T>(source: string, inner: Codec<T>): Row<T[]> => ({
  ...many(source, inner),
  nonEmpty: true,
  mayLack: false,
  schema: () => ({ type: 'array', items: inner.schema(), minItems: 1 }),
})

/** An element that says yes by being there. */
export const flag = (source: string): Row<true> => {
  const empty = { attributes: [], text: false, children: false } as const
  const nothing: Codec<true> = {
    read(element, { strict }, told = []) {
      if (strict) refuseStrangers(element, empty, told)
      return true
    },
    write: () => undefined,
    check: (element, findings, told = []) => checkStrangers(element, empty, told, findings),
    schema: () => ({ const: true }),
  }
  return one(source, nothing)
}

/** The same row, which the def may lack. */
export const opt = <T>(row: Row<T>): Row<T | undefined> =>
  ({ ...row, optional: true, mayLack: true }) as Row<T | undefined>

/**
 * The same row with the value it has where the element lacks it; written even so. With {@link opt}, a def may lack it.
 */
export const otherwise = <T>(value: T, row: Row<T>): Row<T> => ({ ...row, mayLack: true, otherwise: () => value })

/** A row that libvirt does not have: in compat it is neither read nor written, and its schema refuses it. */
export const ours = <T>(row: Row<T>): Row<T | undefined> => ({
  ...opt(row),
  read: (element, reading, told) => (reading.compat ? undefined : row.read(element, reading, told)),
  write(sink, value, writing, inside) {
    if (value !== undefined && !writing.compat) row.write(sink, value, writing, inside)
  },
  check: (element, findings) => findings.push(finding(element, 'is not in the schema here')),
})

/** The same row, which libvirt's schema lets stand several times; the first counts unless told. */
export const repeated = <T>(row: Row<T>, counts: 'first' | 'last' = 'first'): Row<T> => ({ ...row, repeats: counts })

/** The same row, which libvirt's schema wants there although its parser does not. */
export const owed = <T>(row: Row<T>): Row<T> => ({ ...row, mayLack: false })

/** The same row, which libvirt's schema does not want there although its parser does. */
export const spared = <T>(row: Row<T>): Row<T> => ({ ...row, mayLack: true })

/** The same row, which the schema checked against (libvirt 11.3) does not have yet. */
export const since = <T>(version: string, row: Row<T>): Row<T> => ({
  ...row,
  check(element, findings) {
    const { attribute } = row.place
    const step = attribute === undefined ? '' : `/@${attribute}`
    findings.push(finding(element, `is known to libvirt only from ${version} on`, step))
  },
})
