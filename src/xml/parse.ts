import { SaxesParser } from 'saxes'
import { VirtError } from '../errors.js'
import { decodeXml } from './decode.js'
import { noAttributes, type XmlAttributes, XmlElement } from './element.js'

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

/** What the XML declaration says; nothing, when there is none. */
export interface XmlDeclaration {
  readonly version?: string | undefined
  readonly encoding?: string | undefined
  readonly standalone?: string | undefined
}

/** Told of a document's parts in document order, to build something of them; what it does not want it leaves out. */
export interface XmlBuilder {
  /** `line` is that on which the start tag ends, counted from 1. */
  open(name: string, attributes: XmlAttributes, line: number): void
  close(): void
  /** Text, with its references resolved; also the white space around the root. */
  text(text: string): void
  /** The text of a CDATA section. */
  cdata(text: string): void
  comment?(text: string): void
  instruction?(target: string, body: string): void
}

/** Builds the light tree: what codecs read, and nothing else. */
class TreeBuilder implements XmlBuilder {
  root: XmlElement | undefined
  #open: XmlElement | undefined

  open(name: string, attributes: XmlAttributes, line: number): void {
    const element = new XmlElement(name, attributes, this.#open, line)
    if (this.#open) this.#open.append(element)
    else this.root = element
    this.#open = element
  }

  close(): void {
    this.#open = this.#open?.parent
  }

  text(text: string): void {
    this.#open?.append(text)
  }

  cdata(text: string): void {
    this.text(text)
  }
}

/**
 * A saxes parser that keeps limits; after an error it is thrown away. It listens to seven events: with an eighth, V8
 * makes a dictionary of the parser, and everything takes five times as long.
 */
class Parser {
  readonly #saxes = new SaxesParser({ position: false })
  #limits = defaults
  #depth = 0
  #elements = 0
  #attributes = 0
  #builder: XmlBuilder = new TreeBuilder()

  constructor() {
    this.#saxes.on('text', (text) => this.#builder.text(text))
    this.#saxes.on('cdata', (text) => this.#builder.cdata(text))
    this.#saxes.on('comment', (text) => this.#builder.comment?.(text))
    this.#saxes.on('processinginstruction', ({ target, body }) => this.#builder.instruction?.(target, body))
    this.#saxes.on('attribute', () => {
      if (++this.#attributes > this.#limits.attributes) this.#tooLarge('attributes in one element', 'attributes')
    })
    this.#saxes.on('opentag', (tag) => {
      if (++this.#depth > this.#limits.depth) this.#tooLarge('levels of elements', 'depth')
      if (++this.#elements > this.#limits.elements) this.#tooLarge('elements', 'elements')
      this.#builder.open(tag.name, this.#attributes === 0 ? noAttributes : tag.attributes, this.#saxes.line)
      this.#attributes = 0
    })
    this.#saxes.on('closetag', () => {
      this.#depth--
      this.#builder.close()
    })
  }

  parse(text: string, builder: XmlBuilder, limits: Required<XmlLimits>): XmlDeclaration {
    this.#builder = builder
    this.#limits = limits
    this.#depth = this.#elements = this.#attributes = 0
    if (text.includes('!DOCTYPE')) this.#saxes.on('doctype', () => this.#refuseDoctype())
    const declaration = this.#saxes.write(text).xmlDecl
    this.#saxes.close()
    return declaration
  }

  get line(): number {
    return this.#saxes.line
  }

  #refuseDoctype(): never {
    const { line } = this.#saxes
    throw new VirtError('xml-syntax', 'the document has a DOCTYPE; remove it, libvirt documents have none', { line })
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
const spare: Parser[] = []

/**
 * Reads a document and tells a builder of its parts; answers its XML declaration. Refuses what {@link parseXml} does,
 * in the same words.
 */
export function parseXmlInto(builder: XmlBuilder, source: string | Uint8Array, limits?: XmlLimits): XmlDeclaration {
  if (typeof source !== 'string' && !ArrayBuffer.isView(source))
    throw new VirtError('invalid-argument', `a document is text or bytes; this is ${typeof source}`)
  const bounds = limits ? { ...defaults, ...limits } : defaults
  if (source.length > bounds.size)
    throw new VirtError(
      'limit-exceeded',
      `the document is larger than ${bounds.size} bytes; raise limits.size if it is to be trusted`,
    )
  const text = typeof source === 'string' ? source : decodeXml(source)
  // one that fails is not put back: saxes cannot be used after an error
  const parser = spare.pop() ?? new Parser()
  try {
    const declaration = parser.parse(text, builder, bounds)
    spare.push(parser)
    return declaration
  } catch (cause) {
    if (VirtError.is(cause)) throw cause
    const problem = (cause as Error).message.replace(/\.$/, '')
    throw new VirtError('xml-syntax', `the document is not well-formed XML: ${problem}`, { line: parser.line, cause })
  }
}

/**
 * Reads a document into a light tree. Strict: what is not well-formed XML 1.0 is refused, and so is any DOCTYPE.
 *
 * @param source text, or bytes in UTF-8, UTF-16, or the encoding their XML declaration names
 * @throws VirtError `xml-syntax` with the line, or `limit-exceeded`
 */
export function parseXml(source: string | Uint8Array, limits?: XmlLimits): XmlElement {
  const tree = new TreeBuilder()
  parseXmlInto(tree, source, limits)
  if (!tree.root) throw new VirtError('xml-syntax', 'the document has no root element')
  return tree.root
}
