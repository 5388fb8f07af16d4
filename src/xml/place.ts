import type { XmlElement } from './element.js'
import type { XmlSink } from './sink.js'

/**
 * Where in an element a row stands, in a small part of XPath: `''` is its text, `@id` an attribute, `bus` a child
 * element, `capability[@type='vpd']` a child element told apart from others of its name by an attribute, and
 * `parent/@wwnn` an attribute of a child element that another row reads.
 */
export interface Place {
  readonly source: string
  readonly tag?: string
  readonly where?: { readonly attribute: string; readonly value: string }
  readonly attribute?: string
}

const pattern = /^(?:([\w.:-]+)(?:\[@([\w-]+)='([^']*)'\])?)?(?:\/?@([\w:-]+))?$/

export function place(source: string): Place {
  const match = pattern.exec(source)
  if (!match) throw new TypeError(`'${source}' is not a place`)
  const [, tag, attribute, value, own] = match
  return {
    source,
    ...(tag !== undefined && { tag }),
    ...(attribute !== undefined && value !== undefined && { where: { attribute, value } }),
    ...(own !== undefined && { attribute: own }),
  }
}

/** Begins the element of a place. */
export function openPlace(sink: XmlSink, { tag, where }: Place): void {
  if (tag === undefined) return
  sink.open(tag)
  if (where) sink.attribute(where.attribute, where.value)
}

/** Whether a child element of the right name is the one meant. */
export const isAt = ({ where }: Place, element: XmlElement): boolean =>
  where === undefined || element.attributes[where.attribute] === where.value
