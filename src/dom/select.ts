import type { Element, Node } from '@xmldom/xmldom'
import { type AnyDef, documentFor } from './any-def.js'
import { parseDom } from './parse-dom.js'
import { type Namespaces, XPath } from './xpath.js'

const domOf = (def: AnyDef) => parseDom(documentFor(def).format(def))

/**
 * The nodes that an XPath 1.0 expression selects in a def's XML: `select(def, '//capability/@type')`.
 *
 * @throws VirtError `invalid-argument` for what is no such expression
 */
export function select<N extends Node = Element>(def: AnyDef, expression: string, namespaces?: Namespaces): N[] {
  return new XPath().select<N>(expression, domOf(def), namespaces)
}

/**
 * The value of an XPath 1.0 expression in a def's XML; of nodes, the text of the first:
 * `evaluate(def, '/device/name')`.
 */
export function evaluate(def: AnyDef, expression: string, namespaces?: Namespaces): string | number | boolean {
  return new XPath().evaluate(expression, domOf(def), namespaces)
}
