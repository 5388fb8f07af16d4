import { noAttributes, type XmlElement } from './element.js'
import { isAt } from './place.js'
import type { AnyRow } from './row.js'
import type { Known } from './strangers.js'

/** Rows by name; `kind` is kept for the tag of a union. */
export type Rows = Record<string, AnyRow> & { kind?: never }

/** How libvirt's schema wants the children of an element. */
export interface TableOptions {
  /** In the order of the rows, or in any. */
  order?: 'rows' | 'any'
  /** Rows whose elements stand side by side: a group of RELAX NG inside an interleave, as libxml2 checks it. */
  together?: readonly string[]
  /** Elements and, as `@name`, attributes that libvirt's schema allows and its parser forgets. */
  forgotten?: Forgotten
}

/** What is forgotten, by name, with the row that tells how the schema wants it. */
export type Forgotten = Readonly<Record<string, AnyRow | 'unchecked'>>

/** A row of a table with its name in the def. */
export interface Entry {
  readonly key: string
  readonly row: AnyRow
  /** Where in libvirt's order its element stands; rows that repeat side by side share a position. */
  readonly position: number
}

/** What is written at one place: a row, and the rows for attributes of its element; or those alone. */
export interface Step {
  readonly own?: Entry
  readonly guests: readonly Entry[]
}

/** The step from an element to a row's place, for the message that it is missing. */
export const stepOf = ({ place }: AnyRow): string => (place.source === '' ? '' : `/${place.source}`)

/** The attributes that rows stand for. */
export const attributesOf = (entries: readonly Entry[]): string[] => entries.map(({ row }) => row.place.attribute ?? '')

const none: readonly Entry[] = []

/** The rows of a table sorted by where they stand, once, so that reading is one pass over the element. */
export class Layout {
  readonly entries: readonly Entry[]
  /** Names of the element's own attributes. */
  readonly attributes: readonly Entry[]
  readonly bodies: readonly Entry[]
  /** Those of which a def has a value though the element has none, and those that have to be there. */
  readonly owed: readonly Entry[]
  /** What may stand in the element, attributes that are passed over among it; children are looked at one by one. */
  readonly known: Known
  /** In the order of writing. */
  readonly steps: readonly Step[]
  /** The row for children that no other stands for. */
  readonly rest: Entry | undefined
  readonly #children: ReadonlyMap<string, readonly Entry[]>
  /** Those rows for children that have their name to themselves. */
  readonly #only: ReadonlyMap<string, Entry>
  /** Rows for attributes of a child element, by the child's name. */
  readonly #guests: ReadonlyMap<string, readonly Entry[]>
  readonly #hasGuests: boolean

  constructor(
    rows: Rows,
    readonly forgotten: Forgotten = {},
  ) {
    this.entries = positioned(Object.entries(rows))
    this.attributes = this.entries.filter(
      ({ row: { place } }) => place.tag === undefined && place.attribute !== undefined,
    )
    this.bodies = this.entries.filter(({ row: { place } }) => place.source === '')
    this.owed = this.entries.filter(({ row }) => !row.optional || row.otherwise)
    this.rest = this.entries.find(({ row: { place } }) => place.tag === '*')
    const below = this.entries.filter((entry) => entry.row.place.tag !== undefined && entry !== this.rest)
    this.#children = byTag(below.filter(({ row }) => row.place.attribute === undefined))
    this.#only = new Map([...this.#children].flatMap(([tag, entries]) => (isAlone(entries) ? [[tag, entries[0]]] : [])))
    this.#guests = byTag(below.filter(({ row }) => row.place.attribute !== undefined))
    this.#hasGuests = this.#guests.size > 0
    const passedOver = Object.keys(forgotten).flatMap((each) => (each.startsWith('@') ? [each.slice(1)] : []))
    this.known = {
      attributes: [...attributesOf(this.attributes), ...passedOver],
      text: this.bodies.length > 0,
      children: true,
    }
    this.steps = this.entries.flatMap((entry) => this.#step(entry))
  }

  // attributes of a child are written with the child, or by the first of them when no row stands for the child itself
  #step(entry: Entry): Step[] {
    const { tag, attribute } = entry.row.place
    if (tag === undefined) return [{ own: entry, guests: none }]
    const guests = this.guestsOf(tag)
    if (attribute === undefined) return [{ own: entry, guests: this.#children.get(tag)?.[0] === entry ? guests : none }]
    return this.#children.has(tag) || guests[0] !== entry ? [] : [{ guests }]
  }

  guestsOf(tag: string): readonly Entry[] {
    return this.#hasGuests ? (this.#guests.get(tag) ?? none) : none
  }

  /** Whether an element that no row reads is known all the same. */
  passesOver({ name }: XmlElement): boolean {
    return this.#guests.has(name) || Object.hasOwn(this.forgotten, name)
  }

  /** The row that reads a child element. One in a namespace of its own is none of libvirt's. */
  childOf(child: XmlElement): Entry | undefined {
    const { name, attributes } = child
    if (attributes !== noAttributes && attributes.xmlns !== undefined) return this.rest
    const only = this.#only.get(name)
    if (only !== undefined) return only
    return this.#children.get(name)?.find(({ row }) => isAt(row.place, child)) ?? this.rest
  }
}

const isAlone = (entries: readonly Entry[]): entries is readonly [Entry] =>
  entries.length === 1 && entries[0]?.row.place.where.length === 0

function byTag(entries: readonly Entry[]): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) {
    const tag = entry.row.place.tag ?? ''
    groups.set(tag, [...(groups.get(tag) ?? []), entry])
  }
  return groups
}

function positioned(rows: [string, AnyRow][]): Entry[] {
  let previous: Entry | undefined
  return rows.map(([key, row], index) => {
    const together = row.repeats && previous?.row.repeats && previous.row.place.tag === row.place.tag
    previous = { key, row: alike(row), position: together ? (previous?.position ?? index) : index }
    return previous
  })
}

/**
 * Rows are made from others by spreading, which gives each a shape of its own; V8 reads members of objects that are
 * built alike in a third of the time.
 */
function alike(row: AnyRow): AnyRow {
  const { place, optional, many, nonEmpty, mayLack, repeats, gathers, otherwise, omitted, read, write, check, schema } =
    row
  return {
    place,
    optional,
    many,
    nonEmpty,
    mayLack,
    repeats,
    gathers,
    otherwise,
    omitted,
    read,
    write,
    check,
    schema,
  } as AnyRow
}
