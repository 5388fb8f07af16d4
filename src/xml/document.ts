import type { Codec, Finding, JsonSchema } from './codec.js'
import { finding, invalid } from './codec.js'
import type { XmlElement } from './element.js'
import { parseXml, type XmlLimits } from './parse.js'
import { XmlWriter } from './writer.js'

/** How a document is read. */
export interface ReadOptions {
  /** Refuse unknown kinds, elements and attributes rather than keep or skip them. */
  strict?: boolean
  /** Read as libvirt's own parser does, where it forgets or bends a value. */
  compat?: boolean
  limits?: XmlLimits
  /** Told of what was accepted though it is wrong. */
  onWarning?: (finding: Finding) => void
}

/** How a document is written. */
export interface WriteOptions {
  /** Write libvirt's exact output, where that is known to be wrong. */
  compat?: boolean
}

/** A kind of document: the name of its root, and the codec of what is in it. */
export interface Document<T> {
  readonly root: string
  readonly codec: Codec<T>
  /** Reads text or bytes. @throws VirtError `xml-syntax`, `xml-invalid`, `limit-exceeded` */
  parse(source: string | Uint8Array, options?: ReadOptions): T
  /** Reads an element of a larger document. */
  read(element: XmlElement, options?: ReadOptions): T
  /** The document as text, with a final line break. */
  format(value: T, options?: WriteOptions): string
  /** Where a document departs from libvirt's RELAX NG schema; empty when it is valid. */
  validate(source: string | Uint8Array, limits?: XmlLimits): Finding[]
  schema(): JsonSchema
}

/** A kind of document from its root's name and the codec of its content. */
export function documentOf<T>(root: string, codec: Codec<T>): Document<T> {
  const notRoot = `is not the root of such a document; <${root}> is`
  const rootOf = (source: string | Uint8Array, limits?: XmlLimits): XmlElement => {
    const element = parseXml(source, limits)
    if (element.name !== root) throw invalid(element, notRoot)
    return element
  }
  const read = (element: XmlElement, { strict = false, compat = false, onWarning }: ReadOptions = {}): T =>
    codec.read(element, {
      strict,
      compat,
      warn: (problem, at) => onWarning?.({ path: at.path, line: at.line, problem }),
    })
  return {
    root,
    codec,
    parse: (source, options = {}) => read(rootOf(source, options.limits), options),
    read,
    format(value, { compat = false } = {}) {
      const writer = new XmlWriter()
      writer.open(root)
      codec.write(writer, value, { compat })
      writer.close()
      return writer.toString()
    },
    validate(source, limits) {
      const element = parseXml(source, limits)
      const findings: Finding[] = []
      if (element.name === root) codec.check(element, findings)
      else findings.push(finding(element, notRoot))
      return findings
    },
    schema: () => codec.schema(),
  }
}
