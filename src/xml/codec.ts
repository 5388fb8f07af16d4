import { VirtError } from '../errors.js'
import type { XmlElement } from './element.js'
import type { XmlSink } from './sink.js'

/** How a document is to be read. */
export interface Reading {
  /** Refuse unknown kinds, elements and attributes rather than keep or skip them. */
  readonly strict: boolean
  /** Read as libvirt's own parser does, where it forgets or bends a value. */
  readonly compat: boolean
  /** Told of what was accepted though it is wrong. */
  warn(message: string, element: XmlElement): void
}

/** How a def is to be written. */
export interface Writing {
  /** Write libvirt's exact output, where that is known to be wrong. */
  readonly compat: boolean
}

/** Where a document is wrong. */
export interface Finding {
  /** XPath of the element or attribute. */
  path: string
  /** Line of the document, counted from 1. */
  line: number
  /** What is wrong, as the end of a sentence that begins with the path. */
  problem: string
}

/** A JSON Schema (draft 2020-12), as far as tables need one. */
export type JsonSchema = { readonly [key: string]: unknown }

/**
 * What stands inside an element, both ways. Texts, tables and variants are codecs; everything else the library knows
 * of an element (its type, its messages, its JSON Schema) comes from them too.
 */
export interface Codec<T> {
  /**
   * `told` names the attributes that have been read already, to tell this element's kind. A table puts that kind into
   * its def, which costs less than a copy with it.
   */
  read(element: XmlElement, reading: Reading, told?: readonly string[], kind?: string): T
  /** Writes the attributes and content of the element that was opened last. */
  write(sink: XmlSink, value: T, writing: Writing): void
  /** Collects where the element departs from libvirt's RELAX NG schema. */
  check(element: XmlElement, findings: Finding[], told?: readonly string[]): void
  schema(): JsonSchema
}

/** The def a codec reads. */
export type Infer<C> = C extends Codec<infer T> ? T : never

/** Something wrong at an element, or at a step below it. */
export function finding(element: XmlElement, problem: string, step = ''): Finding {
  return { path: element.path + step, line: element.line, problem }
}

/** The error that names what is wrong with a document, and where. */
export function refusal({ path, line, problem }: Finding): VirtError {
  return new VirtError('xml-invalid', `${path} ${problem}`, { path, line })
}

/** {@link refusal} of something at an element. */
export function invalid(element: XmlElement, problem: string, step = ''): VirtError {
  return refusal(finding(element, problem, step))
}

/** The error that names where in a document a def cannot be written. */
export function unwritable(path: string, problem: string): VirtError {
  return new VirtError('invalid-argument', `${path} ${problem}`, { path })
}
