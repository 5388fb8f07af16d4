import type { Codec, Finding, JsonSchema } from './codec.js'
import { finding, refusal } from './codec.js'
import type { XmlElement } from './element.js'
import { parseXml, type XmlLimits } from './parse.js'
import { rawSchemaDefinition } from './raw.js'
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
  const departure = (element: XmlElement): Finding | undefined => {
    if (element.name !== root) return finding(element, `is not the root of such a document; <${root}> is`)
    if (element.attributes.xmlns === undefined) return undefined
    return finding(element, 'makes another namespace of the document; remove it, libvirt has none', '/@xmlns')
  }
  const read = (element: XmlElement, { strict = false, compat = false, onWarning }: ReadOptions = {}): T => {
    const wrong = departure(element)
    if (wrong) throw refusal(wrong)
    const warn = (problem: string, at: XmlElement) => onWarning?.(finding(at, problem))
    return codec.read(element, { strict, compat, warn })
  }
  return {
    root,
    codec,
    parse: (source, options = {}) => read(parseXml(source, options.limits), options),
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
      const wrong = departure(element)
      if (wrong) return [wrong]
      const findings: Finding[] = []
      codec.check(element, findings)
      return findings
    },
    schema: () => ({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      ...codec.schema(),
      $defs: { rawXml: rawSchemaDefinition },
    }),
  }
}
