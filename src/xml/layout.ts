import type { XmlElement } from './element.js'
import { isAt } from './place.js'
import type { AnyRow } from './row.js'

/** Rows by name; `kind` is kept for the tag of a union. */
export type Rows = Record<string, AnyRow> & { kind?: never }

/** How libvirt's schema wants the children of an element. */
export interface TableOptions {
  /** In the order of the rows, or in any. */
  order?: 'rows' | 'any'
  /** Rows whose elements stand side by side: a group of RELAX NG inside an interleave, as libxml2 checks it. */
  together?: readonly string[]
  /** Elements and, as `@name`, attributes that libvirt's schema allows and its parser forgets. */
  forgotten?: readonly string[]
}

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
  /** In the order of writing. */
  readonly steps: readonly Step[]
  /** The row for children that no other stands for. */
  readonly rest: Entry | undefined
  readonly #children = new Map<string, Entry[]>()
  /** Rows for attributes of a child element, by the child's name. */
  readonly #guests = new Map<string, Entry[]>()

  constructor(
    rows: Rows,
    private readonly forgotten: readonly string[] = [],
  ) {
    this.entries = positioned(Object.entries(rows))
    this.attributes = this.entries.filter(
      ({ row: { place } }) => place.tag === undefined && place.attribute !== undefined,
    )
    this.bodies = this.entries.filter(({ row: { place } }) => place.source === '')
    this.rest = this.entries.find(({ row: { place } }) => place.tag === '*')
    for (const entry of this.entries) {
      const { tag, attribute } = entry.row.place
      if (tag === undefined || entry === this.rest) continue
      const group = attribute === undefined ? this.#children : this.#guests
      group.set(tag, [...(group.get(tag) ?? []), entry])
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
    return this.#guests.size === 0 ? none : (this.#guests.get(tag) ?? none)
  }

  /** The element's own attributes that are known, those that are passed over among them. */
  get attributeNames(): string[] {
    const passedOver = this.forgotten.filter((each) => each.startsWith('@')).map((each) => each.slice(1))
    return [...attributesOf(this.attributes), ...passedOver]
  }

  /** Whether an element that no row reads is known all the same. */
  passesOver({ name }: XmlElement): boolean {
    return this.#guests.has(name) || this.forgotten.includes(name)
  }

  /** The row that reads a child element. One in a namespace of its own is none of libvirt's. */
  childOf(child: XmlElement): Entry | undefined {
    const entries = this.#children.get(child.name)
    if (entries !== undefined && child.attributes.xmlns === undefined)
      for (const entry of entries) if (isAt(entry.row.place, child)) return entry
    return this.rest
  }
}

function positioned(rows: [string, AnyRow][]): Entry[] {
  let previous: Entry | undefined
  return rows.map(([key, row], index) => {
    const together = row.repeats && previous?.row.repeats && previous.row.place.tag === row.place.tag
    previous = { key, row, position: together ? (previous?.position ?? index) : index }
    return previous
  })
}
