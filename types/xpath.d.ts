/** The part of xpath 0.0.34 that is used; its own typings would pull the whole DOM library into the project. */
declare module 'xpath' {
  export interface XPathExpression {
    evaluate(options: { node: unknown; namespaces?: Readonly<Record<string, string>> }): XPathValue
  }
  export interface XPathValue {
    stringValue(): string
    numberValue(): number
    booleanValue(): boolean
  }
  class XNodeSet implements XPathValue {
    /** In document order. */
    toArray(): unknown[]
    stringValue(): string
    numberValue(): number
    booleanValue(): boolean
  }
  class XNumber implements XPathValue {
    readonly num: number
    stringValue(): string
    numberValue(): number
    booleanValue(): boolean
  }
  class XBoolean implements XPathValue {
    readonly b: boolean
    stringValue(): string
    numberValue(): number
    booleanValue(): boolean
  }
  const xpath: {
    parse(expression: string): XPathExpression
    XNodeSet: typeof XNodeSet
    XNumber: typeof XNumber
    XBoolean: typeof XBoolean
  }
  export default xpath
}
