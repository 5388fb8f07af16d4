import { VirtError } from '../errors.js'
import type { Codec, Finding, JsonSchema, Reading } from './codec.js'
import { finding, invalid } from './codec.js'
import type { XmlElement } from './element.js'
import { isAt, openPlace } from './place.js'
import type { AnyRow, Row } from './row.js'

type Flat<T> = { [K in keyof T]: T[K] } & {}
type ValueOf<R> = R extends Row<infer T> ? T : never

/** The def that a table of rows reads: optional rows make optional members. */
export type Shape<R> = Flat<
  { [K in keyof R as undefined extends ValueOf<R[K]> ? never : K]: ValueOf<R[K]> } & {
    [K in keyof R as undefined extends ValueOf<R[K]> ? K : never]?: Exclude<ValueOf<R[K]>, undefined>
  }
>

/** Rows by name; `kind` is kept for the tag of a union. */
export type Rows = Record<string, AnyRow> & { kind?: never }

/** A table keeps its rows, so that documentation and tests can walk them. */
export interface Table<R extends Rows> extends Codec<Shape<R>> {
  readonly rows: R
}

/** How libvirt's schema wants the children. */
export interface TableOptions {
  /** In the order of the rows, or in any. */
  order?: 'rows' | 'any'
  /** Rows whose elements stand side by side: a group of RELAX NG inside an interleave, as libxml2 checks it. */
  together?: readonly string[]
  /** Elements and, as `@name`, attributes that libvirt's schema allows and its parser forgets. */
  forgotten?: readonly string[]
}

interface Entry {
  readonly key: string
  readonly row: AnyRow
  readonly index: number
}

/** Rows sorted by where they stand, once, so that reading is one pass over the element. */
class Layout {
  readonly entries: Entry[]
  readonly attributes: Entry[] = []
  readonly bodies: Entry[] = []
  readonly #children = new Map<string, Entry[]>()
  /** Rows for attributes of a child element, by the child's name. */
  readonly guests = new Map<string, Entry[]>()

  constructor(rows: Rows) {
    this.entries = Object.entries(rows).map(([key, row], index) => ({ key, row: row as AnyRow, index }))
    for (const entry of this.entries) {
      const { tag, attribute } = entry.row.place
      if (tag === undefined) (attribute === undefined ? this.bodies : this.attributes).push(entry)
      else {
        const group = attribute === undefined ? this.#children : this.guests
        group.set(tag, [...(group.get(tag) ?? []), entry])
      }
    }
  }

  child(element: XmlElement): Entry | undefined {
    const entries = this.#children.get(element.name)
    if (entries?.length === 1 && entries[0]?.row.place.where === undefined) return entries[0]
    return entries?.find(({ row }) => isAt(row.place, element))
  }

  /** The row that reads the element a row stands in or at: itself, unless it is for an attribute of a child. */
  hostOf(row: AnyRow): AnyRow | undefined {
    const { tag, attribute } = row.place
    return tag === undefined || attribute === undefined ? row : this.#children.get(tag)?.[0]?.row
  }

  knows(attribute: string): boolean {
    return this.attributes.some(({ row }) => row.place.attribute === attribute)
  }
}

function put(def: Record<string, unknown>, key: string, value: unknown): void {
  if (value !== undefined) def[key] = value
}

function add(def: Record<string, unknown>, key: string, value: unknown): void {
  const list = def[key] as unknown[] | undefined
  if (list) list.push(value)
  else def[key] = [value]
}

/** Attributes and text that no row stands for. */
function strangers(
  element: XmlElement,
  layout: Layout,
  told: readonly string[],
  forgotten: readonly string[],
): Finding[] {
  const findings = Object.keys(element.attributes)
    .filter(
      (attribute) => !layout.knows(attribute) && !told.includes(attribute) && !forgotten.includes(`@${attribute}`),
    )
    .map((attribute) => finding(element, 'is not an attribute libvirt knows here', `/@${attribute}`))
  if (layout.bodies.length === 0 && element.text.trim() !== '') findings.push(finding(element, 'holds stray text'))
  return findings
}

function absent(path: string, key: string): VirtError {
  return new VirtError('invalid-argument', `${path} needs a value for ${key}`, { path })
}

function tableSchema(entries: readonly Entry[]): JsonSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(({ key, row }) => [key, row.schema()])),
    required: entries.filter(({ row }) => !row.optional).map(({ key }) => key),
    additionalProperties: false,
  }
}

/** The element at which a row stands, for the message that it is missing. */
const stepOf = (row: AnyRow): string => (row.place.source === '' ? '' : `/${row.place.source}`)

/**
 * The declaration of an element: each row names a value of the def and where it stands. Rows are written in the order
 * they stand in, which is libvirt's.
 */
export function table<R extends Rows>(rows: R, options: TableOptions = {}): Table<R> {
  const { order = 'rows', together = [], forgotten = [] } = options
  const layout = new Layout(rows)
  const ignored = (name: string) => layout.guests.has(name) || forgotten.includes(name)

  function read(element: XmlElement, reading: Reading, told: readonly string[] = []): Shape<R> {
    const def: Record<string, unknown> = {}
    for (const { key, row } of layout.attributes)
      if (element.attributes[row.place.attribute as string] !== undefined) put(def, key, row.read(element, reading))
    for (const { key, row } of layout.bodies)
      if (!row.optional || element.text !== '') put(def, key, row.read(element, reading))
    for (const child of element.content) {
      if (typeof child === 'string') continue
      for (const { key, row } of layout.guests.get(child.name) ?? [])
        if (child.attributes[row.place.attribute as string] !== undefined) put(def, key, row.read(child, reading))
      const entry = layout.child(child)
      if (entry === undefined) {
        if (reading.strict && !ignored(child.name)) throw invalid(child, 'is not an element libvirt knows here')
      } else if (entry.row.many) add(def, entry.key, entry.row.read(child, reading))
      else if (def[entry.key] === undefined) put(def, entry.key, entry.row.read(child, reading))
      else if (reading.strict) throw invalid(child, 'stands twice; keep one')
    }
    for (const { key, row } of layout.entries) {
      if (def[key] !== undefined) continue
      if (row.otherwise !== undefined) def[key] = row.otherwise
      else if (row.optional) continue
      else if (row.many) def[key] = []
      else throw invalid(element, 'is missing', stepOf(row))
    }
    const [stranger] = reading.strict ? strangers(element, layout, told, forgotten) : []
    if (stranger) throw new VirtError('xml-invalid', `${stranger.path} ${stranger.problem}`, stranger)
    return def as Shape<R>
  }

  return {
    rows,
    read,
    write(sink, value, writing) {
      const def = value as Record<string, unknown>
      for (const { key, row } of layout.entries) {
        const { tag } = row.place
        const guests = tag === undefined ? [] : (layout.guests.get(tag) ?? [])
        const host = layout.hostOf(row)
        if (host !== row) {
          // attributes of a child are written with the child, or by the first of them when no row reads the child
          if (host !== undefined || guests[0]?.row !== row) continue
        }
        const present = guests.filter((guest) => def[guest.key] !== undefined)
        const inside = () => {
          for (const guest of present) guest.row.write(sink, def[guest.key], writing)
        }
        const own = def[key] ?? row.otherwise
        if (host === row && own !== undefined) row.write(sink, own, writing, inside)
        else if (present.length > 0) {
          openPlace(sink, row.place)
          inside()
          sink.close()
        } else if (!row.optional) throw absent(sink.path, key)
      }
    },
    check(element, findings, told = []) {
      findings.push(...strangers(element, layout, told, forgotten))
      for (const { row } of layout.attributes) {
        if (element.attributes[row.place.attribute as string] !== undefined) row.check(element, findings)
        else if (!row.mayLack) findings.push(finding(element, 'is missing', stepOf(row)))
      }
      let last = 0
      let group = ''
      const seen = new Set<string>()
      for (const child of element.children) {
        const guests = layout.guests.get(child.name) ?? []
        for (const { row } of guests)
          if (child.attributes[row.place.attribute as string] !== undefined) row.check(child, findings)
        const entry = layout.child(child)
        if (!entry) {
          if (!ignored(child.name)) findings.push(finding(child, 'is not in the schema here'))
          if (group === 'open') group = 'ended'
          continue
        }
        if (order === 'rows' && entry.index < last) findings.push(finding(child, 'stands in the wrong order'))
        if (seen.has(entry.key) && !entry.row.many) findings.push(finding(child, 'stands twice'))
        if (together.includes(entry.key)) {
          if (group === 'ended') findings.push(finding(child, `stands apart from ${together.join(' and ')}`))
          group = 'open'
        } else if (group === 'open') group = 'ended'
        last = entry.index
        seen.add(entry.key)
        entry.row.check(child, findings)
      }
      for (const { key, row } of layout.entries)
        if (row.place.tag !== undefined && row.place.attribute === undefined && !row.mayLack && !seen.has(key))
          findings.push(finding(element, 'is missing', stepOf(row)))
      for (const { row } of layout.bodies) if (!row.mayLack || element.text !== '') row.check(element, findings)
    },
    schema: () => tableSchema(layout.entries),
  }
}

/** One row as a codec of its own, for an element that only wraps it: `one('driver', just(leaf('name', str)))`. */
export const just = <T>(row: Row<T>): Codec<T> => {
  const inner = table({ value: row }) as unknown as Codec<{ value: T }>
  return {
    read: (element, reading, told) => inner.read(element, reading, told).value,
    write: (sink, value, writing) => inner.write(sink, { value }, writing),
    check: (element, findings, told) => inner.check(element, findings, told),
    schema: () => row.schema(),
  }
}
