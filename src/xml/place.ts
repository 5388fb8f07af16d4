import type { XmlElement } from './element.js'
import type { XmlSink } from './sink.js'

/** What an attribute of a child element must be for it to be the one meant: of this value, or there at all. */
export interface Condition {
  readonly attribute: string
  readonly value?: string
}

/**
 * Where in an element a row stands, in a small part of XPath: `''` is its text, `@id` an attribute, `bus` a child
 * element, `capability[@type='vpd']` and `attr[@name]` child elements told apart from others of their name by
 * attributes, `parent/@wwnn` an attribute of a child element, and `*` every child that no other row stands for.
 */
export interface Place {
  readonly source: string
  readonly tag: string | undefined
  readonly where: readonly Condition[]
  readonly attribute: string | undefined
}

const pattern = /^(?:(\*|[\w.:-]+)((?:\[@[\w-]+(?:='[^']*')?\])*))?(?:\/?@([\w:-]+))?$/

export function place(source: string): Place {
  const match = pattern.exec(source)
  if (!match) throw new TypeError(`'${source}' is not a place`)
  const [, tag, conditions = '', attribute] = match
  const where = [...conditions.matchAll(/\[@([\w-]+)(?:='([^']*)')?\]/g)].map(([, name = '', value]) => ({
    attribute: name,
    ...(value !== undefined && { value }),
  }))
  return { source, tag, where, attribute }
}

/** Begins the element of a place. */
export function openPlace(sink: XmlSink, { tag, where }: Place): void {
  if (tag === undefined) return
  sink.open(tag)
  for (const { attribute, value } of where) if (value !== undefined) sink.attribute(attribute, value)
}

/** Whether a child element of the right name is the one meant. */
export function isAt({ where }: Place, { attributes }: XmlElement): boolean {
  for (const { attribute, value } of where) {
    const actual = attributes[attribute]
    if (actual === undefined || (value !== undefined && actual !== value)) return false
  }
  return true
}
