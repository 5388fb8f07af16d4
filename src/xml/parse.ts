import { SaxesParser } from 'saxes'
import { VirtError } from '../errors.js'
import { decodeXml } from './decode.js'
import { XmlElement } from './element.js'

/** How much of a document is read before it is refused; each guards against one way of exhausting the process. */
export interface XmlLimits {
  /** Levels of nesting; 256 unless told. */
  depth?: number
  /** Elements in the whole document; 200,000 unless told. */
  elements?: number
  /** Attributes of one element; 10,000 unless told. */
  attributes?: number
  /** Bytes of the document, or UTF-16 units of a string; 10 MB unless told. */
  size?: number
}

const defaults: Required<XmlLimits> = { depth: 256, elements: 200_000, attributes: 10_000, size: 10_000_000 }

/** One saxes parser and the tree it is building; after an error both are thrown away. */
class TreeBuilder {
  readonly #saxes = new SaxesParser({ position: false })
  #limits = defaults
  #root: XmlElement | undefined
  #open: XmlElement | undefined
  #depth = 0
  #elements = 0
  #attributes = 0

  constructor() {
    const text = (chunk: string) => void this.#open?.content.push(chunk)
    this.#saxes.on('text', text)
    this.#saxes.on('cdata', text)
    this.#saxes.on('attribute', () => {
      if (++this.#attributes > this.#limits.attributes) this.#tooLarge('attributes in one element', 'attributes')
    })
    this.#saxes.on('opentagstart', () => {
      this.#attributes = 0
    })
    this.#saxes.on('opentag', (tag) => {
      if (++this.#depth > this.#limits.depth) this.#tooLarge('levels of elements', 'depth')
      if (++this.#elements > this.#limits.elements) this.#tooLarge('elements', 'elements')
      const element = new XmlElement(tag.name, tag.attributes, this.#open, this.#saxes.line)
      if (this.#open) this.#open.content.push(element)
      else this.#root = element
      this.#open = element
    })
    this.#saxes.on('closetag', () => {
      this.#depth--
      this.#open = this.#open?.parent
    })
    this.#saxes.on('doctype', () => {
      throw new VirtError('xml-syntax', 'the document has a DOCTYPE; remove it, libvirt documents have none', {
        line: this.#saxes.line,
      })
    })
  }

  build(text: string, limits: Required<XmlLimits>): XmlElement {
    this.#limits = limits
    this.#root = this.#open = undefined
    this.#depth = this.#elements = 0
    this.#saxes.write(text).close()
    const root = this.#root
    if (!root) throw new VirtError('xml-syntax', 'the document has no root element')
    this.#root = undefined
    return root
  }

  get line(): number {
    return this.#saxes.line
  }

  #tooLarge(what: string, limit: keyof XmlLimits): never {
    throw new VirtError(
      'limit-exceeded',
      `the document has more than ${this.#limits[limit]} ${what}; raise limits.${limit} if it is to be trusted`,
      { line: this.#saxes.line },
    )
  }
}

/** The parser that is not in use: a new one for each document would double the time. */
const spare: TreeBuilder[] = []

/**
 * Reads a document into a light tree. Strict: what is not well-formed XML 1.0 is refused, and so is any DOCTYPE.
 *
 * @param source text, or bytes in UTF-8, UTF-16, or the encoding their XML declaration names
 * @throws VirtError `xml-syntax` with the line, or `limit-exceeded`
 */
export function parseXml(source: string | Uint8Array, limits: XmlLimits = {}): XmlElement {
  if (typeof source !== 'string' && !ArrayBuffer.isView(source))
    throw new VirtError('invalid-argument', `a document is text or bytes; this is ${typeof source}`)
  const bounds = { ...defaults, ...limits }
  if (source.length > bounds.size)
    throw new VirtError(
      'limit-exceeded',
      `the document is larger than ${bounds.size} bytes; raise limits.size if it is to be trusted`,
    )
  const text = typeof source === 'string' ? source : decodeXml(source)
  // one that fails is not put back: saxes cannot be used after an error
  const builder = spare.pop() ?? new TreeBuilder()
  try {
    const root = builder.build(text, bounds)
    spare.push(builder)
    return root
  } catch (cause) {
    if (VirtError.is(cause)) throw cause
    const problem = (cause as Error).message.replace(/\.$/, '')
    throw new VirtError('xml-syntax', `the document is not well-formed XML: ${problem}`, { line: builder.line, cause })
  }
}
