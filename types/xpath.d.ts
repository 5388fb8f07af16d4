/** The part of xpath 0.0.34 that is used; its own typings would pull the whole DOM library into the project. */
declare module 'xpath' {
  export interface XPathExpression {
    evaluate(options: { node: unknown; namespaces?: Record<string, string> }): {
      nodeset?(): unknown
      toArray?(): unknown[]
      stringValue(): string
    }
    select(options: { node: unknown; namespaces?: Record<string, string> }): unknown[]
  }
  export function parse(expression: string): XPathExpression
  export function select(expression: string, node: unknown, single?: boolean): unknown
}
