/**
 * Where a codec writes to: text, a DOM, another builder. Calls come in document order; attributes of an element come
 * before its content.
 */
export interface XmlSink {
  open(name: string): void
  attribute(name: string, value: string): void
  /** An empty text tells that the element holds text: no white space may be added inside it. */
  text(value: string): void
  /** Ends the element opened last. `gap` asks for `<x />` rather than `<x/>` should it be empty. */
  close(gap?: boolean): void
  /** Where the next thing will stand; for error messages. */
  readonly path: string
}
