import type { Codec, JsonSchema, Reading, Writing } from './codec.js'
import { invalid, unwritable } from './codec.js'
import { noAttributes, type XmlElement } from './element.js'
import { attributesOf, type Entry, Layout, type Rows, type Step, stepOf, type TableOptions } from './layout.js'
import { openPlace } from './place.js'
import type { Row } from './row.js'
import { checkTable } from './schema-check.js'
import type { XmlSink } from './sink.js'
import { refuseStrangers } from './strangers.js'

type Flat<T> = { [K in keyof T]: T[K] } & {}
type ValueOf<R> = R extends Row<infer T> ? T : never

/** The def that a table of rows reads: optional rows make optional members. */
export type Shape<R> = Flat<
  { [K in keyof R as undefined extends ValueOf<R[K]> ? never : K]: ValueOf<R[K]> } & {
    [K in keyof R as undefined extends ValueOf<R[K]> ? K : never]?: Exclude<ValueOf<R[K]>, undefined>
  }
>

/** A table keeps its rows, so that documentation and tests can walk them. */
export interface Table<R extends Rows> extends Codec<Shape<R>> {
  readonly rows: R
}

type Def = Record<string, unknown>

/**
 * The declaration of an element: each row names a value of the def and where it stands. Rows are written in the order
 * they stand in, which is libvirt's.
 */
export function table<R extends Rows>(rows: R, options: TableOptions = {}): Table<R> {
  // a program reads few of the many kinds there are: laying out all of them would be a third of the library's start
  let laidOut: Layout | undefined
  const layoutOf = () => (laidOut ??= new Layout(rows, options.forgotten))
  return {
    rows,
    read(element, reading, told = [], kind) {
      const layout = layoutOf()
      if (reading.strict) refuseStrangers(element, layout.known, told)
      const def: Def = kind === undefined ? {} : { kind }
      // what an element does not have costs nothing: there are many, and most have one sort of content
      if (element.attributes !== noAttributes) readAttributes(def, layout.attributes, element, reading)
      if (layout.bodies.length > 0) readBodies(def, layout.bodies, element, reading)
      const { content } = element
      for (let at = 0; at < content.length; at++) {
        const child = content[at]
        if (typeof child === 'object') readChild(def, layout, child, reading)
      }
      complete(def, layout, element, reading)
      return def as Shape<R>
    },
    write(sink, value, writing) {
      for (const step of layoutOf().steps) writeStep(sink, step, value as Def, writing)
    },
    check: (element, findings, told = []) => checkTable(layoutOf(), options, element, findings, told),
    schema: () => schemaOf(layoutOf().entries),
  }
}

function put(def: Def, { key, row }: Entry, value: unknown): void {
  if (value === undefined) return
  if (!row.many) def[key] = value
  else if (def[key] === undefined) def[key] = [value]
  else (def[key] as unknown[]).push(value)
}

function readBodies(def: Def, entries: readonly Entry[], element: XmlElement, reading: Reading): void {
  for (const entry of entries)
    if (!entry.row.optional || element.stringValue !== '') put(def, entry, entry.row.read(element, reading))
}

function readAttributes(def: Def, entries: readonly Entry[], element: XmlElement, reading: Reading): void {
  for (const entry of entries)
    if (element.attributes[entry.row.place.attribute ?? ''] !== undefined && def[entry.key] === undefined)
      put(def, entry, entry.row.read(element, reading))
}

function readChild(def: Def, layout: Layout, child: XmlElement, reading: Reading): void {
  const guests = layout.guestsOf(child.name)
  if (guests.length > 0) readAttributes(def, guests, child, reading)
  const entry = layout.childOf(child)
  if (entry === undefined) {
    if (reading.strict && !layout.passesOver(child)) throw invalid(child, 'is not an element libvirt knows here')
    return
  }
  const { key, row } = entry
  const told = guests.length > 0 ? attributesOf(guests) : undefined
  if (row.many || row.repeats === 'last' || def[key] === undefined) put(def, entry, row.read(child, reading, told))
  else if (reading.strict && !row.repeats) throw invalid(child, 'stands twice; keep one')
  else if (row.gathers)
    put(def, entry, [...(def[key] as unknown[]), ...((row.read(child, reading, told) ?? []) as unknown[])])
}

function complete(def: Def, layout: Layout, element: XmlElement, reading: Reading): void {
  for (const { key, row } of layout.owed) {
    if (def[key] !== undefined) continue
    const value = row.otherwise?.(reading)
    if (value !== undefined) def[key] = value
    else if (row.optional) continue
    else if (row.many && !row.nonEmpty) def[key] = []
    else throw invalid(element, 'is missing', stepOf(row))
  }
}

function writeStep(sink: XmlSink, { own, guests }: Step, def: Def, writing: Writing): void {
  const value = own && (def[own.key] ?? own.row.otherwise?.(writing))
  if (guests.length > 0) writeWithGuests(sink, own, value, guests, def, writing)
  else if (value !== undefined) own?.row.write(sink, value, writing)
  else if (own && !own.row.optional) throw lacking(sink, own)
}

/** Writes an element with the attributes that rows of their own stand for. */
function writeWithGuests(
  sink: XmlSink,
  own: Entry | undefined,
  value: unknown,
  guests: readonly Entry[],
  def: Def,
  writing: Writing,
): void {
  const present = guests.filter(({ key, row }) => def[key] !== undefined && !row.omitted?.(writing))
  const writeGuests = () => {
    for (const { key, row } of present) row.write(sink, def[key], writing)
  }
  if (own && value !== undefined) own.row.write(sink, value, writing, writeGuests)
  else if (present[0]) {
    openPlace(sink, present[0].row.place)
    writeGuests()
    sink.close()
  }
  for (const each of own ? [own] : guests)
    if (!each.row.optional && def[each.key] === undefined) throw lacking(sink, each)
}

const lacking = (sink: XmlSink, { key }: Entry) => unwritable(sink.path, `needs a value for ${key}`)

function schemaOf(entries: readonly Entry[]): JsonSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(({ key, row }) => [key, row.schema()])),
    required: entries.filter(({ row }) => !row.optional).map(({ key }) => key),
    additionalProperties: false,
  }
}

/** One row as a codec of its own, for an element that only wraps it: `one('driver', just(leaf('name', str)))`. */
export const just = <T>(row: Row<T>, options: TableOptions = {}): Codec<T> => {
  const inner = table({ value: row }, options) as unknown as Codec<{ value: T }>
  return {
    read: (element, reading, told) => inner.read(element, reading, told).value,
    write: (sink, value, writing) => inner.write(sink, { value }, writing),
    check: (element, findings, told) => inner.check(element, findings, told),
    schema: () => row.schema(),
  }
}
