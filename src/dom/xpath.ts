import type { Element, Node } from '@xmldom/xmldom'
import xpath from 'xpath'
import { VirtError } from '../errors.js'

type Expression = ReturnType<typeof xpath.parse>
type Value = ReturnType<Expression['evaluate']>

/** Namespaces by the prefix that stands for them in an expression. */
export type Namespaces = Readonly<Record<string, string>>

/** Evaluates XPath 1.0. Expressions are parsed once, as long as there are not too many of them. */
export class XPath {
  readonly #parsed = new Map<string, Expression>()
  readonly #most = 64

  /**
   * The nodes an expression selects, in document order.
   *
   * @throws VirtError `invalid-argument` for what is no expression, or one whose value is no nodes
   */
  select<N extends Node = Element>(expression: string, node: Node, namespaces?: Namespaces): N[] {
    const value = this.#value(expression, node, namespaces)
    if (value instanceof xpath.XNodeSet) return value.toArray() as N[]
    throw refusal(expression, 'selects no nodes but has a value; use evaluate()')
  }

  /** An expression's value; of nodes, the text of the first. @throws VirtError `invalid-argument` */
  evaluate(expression: string, node: Node, namespaces?: Namespaces): string | number | boolean {
    const value = this.#value(expression, node, namespaces)
    if (value instanceof xpath.XNumber) return value.numberValue()
    return value instanceof xpath.XBoolean ? value.booleanValue() : value.stringValue()
  }

  #value(expression: string, node: Node, namespaces?: Namespaces): Value {
    try {
      return this.#parse(expression).evaluate({ node, ...(namespaces && { namespaces }) })
    } catch (cause) {
      throw refusal(expression, `is no XPath expression: ${(cause as Error).message}`, cause)
    }
  }

  #parse(expression: string): Expression {
    const parsed = this.#parsed.get(expression) ?? xpath.parse(expression)
    // the one used last goes to the end, so that the first is the one unused for longest
    this.#parsed.delete(expression)
    this.#parsed.set(expression, parsed)
    const [first] = this.#parsed.keys()
    if (this.#parsed.size > this.#most && first !== undefined) this.#parsed.delete(first)
    return parsed
  }
}

const refusal = (expression: string, problem: string, cause?: unknown) =>
  new VirtError('invalid-argument', `'${expression.slice(0, 200)}' ${problem}`, { cause })
