import { DOMImplementation, type Document, type Element, type Node } from '@xmldom/xmldom'
import type { XmlAttributes } from '../xml/element.js'
import { parseXmlInto, type XmlBuilder, type XmlDeclaration, type XmlLimits } from '../xml/parse.js'

import { attributeValues } from './light-tree.js'

const xmlNamespace = 'http://www.w3.org/XML/1998/namespace'
const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/'
/** Prefixes that mean what they mean, whatever a document says. */
const reserved = ['xml', 'xmlns']

/**
 * Namespaces by prefix; the default one stands under the empty prefix. A scope inherits from the one around it: copies
 * would let a small document take hours.
 */
type Scope = Record<string, string>

const outermost = (): Scope => Object.assign(Object.create(null), { xml: xmlNamespace })

// XML 1.0 section 2.3: what is allowed in a name, but not at its beginning, is not at that of a local name either
const prefixed = /^([^:]+):(?![\u{300}-\u{36f}\u{203f}\u{2040}\u{b7}\-.\d])[^:]+$/u

const prefixOf = (name: string): string | undefined => prefixed.exec(name)?.[1]

/** The namespace of an element, if it has one. */
function namespaceOf(name: string, scope: Scope): string | undefined {
  const prefix = name.includes(':') ? prefixOf(name) : ''
  return prefix === undefined || name === 'xmlns' ? undefined : scope[prefix]
}

/**
 * Builds xmldom's nodes below a document or fragment. What is well-formed but breaks the rules of namespaces, such as a
 * prefix that nothing declares, is a plain name, as for libxml2.
 */
class DomBuilder implements XmlBuilder {
  readonly #document: Document
  readonly #top: Node
  #open: Node
  readonly #scopes: Scope[]

  /** `around` is the element whose namespaces hold for what is built. */
  constructor(document: Document, top: Node, around?: Element) {
    this.#document = document
    this.#top = this.#open = top
    this.#scopes = [scopeAround(around)]
  }

  open(name: string, attributes: XmlAttributes, line: number): void {
    const scope = scopeInside(this.#scopes.at(-1) ?? outermost(), attributes)
    const namespace = namespaceOf(name, scope)
    const element = namespace ? this.#document.createElementNS(namespace, name) : this.#document.createElement(name)
    element.lineNumber = line
    for (const each in attributes) setAttribute(element, each, attributes[each] ?? '', scope)
    this.#open.appendChild(element)
    this.#scopes.push(scope)
    this.#open = element
  }

  close(): void {
    this.#scopes.pop()
    this.#open = this.#open.parentNode ?? this.#top
  }

  text(text: string): void {
    // a document has no text of its own
    if (this.#open !== this.#top) this.#open.appendChild(this.#document.createTextNode(text))
  }

  cdata(text: string): void {
    this.#open.appendChild(this.#document.createCDATASection(text))
  }

  comment(text: string): void {
    this.#open.appendChild(this.#document.createComment(text))
  }

  instruction(target: string, body: string): void {
    this.#open.appendChild(this.#document.createProcessingInstruction(target, body))
  }
}

function scopeAround(element: Element | undefined): Scope {
  if (!element?.attributes) return outermost()
  return scopeInside(scopeAround(element.parentNode as Element), attributeValues(element))
}

function scopeInside(outer: Scope, attributes: XmlAttributes): Scope {
  let scope = outer
  for (const name in attributes) {
    const prefix = name === 'xmlns' ? '' : name.startsWith('xmlns:') ? name.slice('xmlns:'.length) : 'xml'
    const namespace = attributes[name] ?? ''
    if (reserved.includes(prefix) || namespace === xmlnsNamespace) continue
    if (scope === outer) scope = Object.create(outer) as Scope
    scope[prefix] = namespace
  }
  return scope
}

function setAttribute(element: Element, name: string, value: string, scope: Scope): void {
  const prefix = prefixOf(name)
  const namespace = name === 'xmlns' || prefix === 'xmlns' ? xmlnsNamespace : prefix && scope[prefix]
  // two prefixes may stand for one namespace, and xmldom would let the second attribute replace the first
  const twice = namespace && prefix && element.hasAttributeNS(namespace, name.slice(prefix.length + 1))
  if (namespace && !twice) element.setAttributeNS(namespace, name, value)
  else element.setAttribute(name, value)
}

/**
 * How the XML declaration is kept: as xmldom's own parser does. Whatever it said, what is written is text, hence UTF-8.
 */
function declare(document: Document, { version, encoding, standalone }: XmlDeclaration): void {
  if (version === undefined) return
  const said = { version, encoding: encoding && 'UTF-8', standalone }
  const body = Object.entries(said).flatMap(([name, value]) => (value === undefined ? [] : [`${name}='${value}'`]))
  const instruction = document.createProcessingInstruction('xml', body.join(' '))
  document.insertBefore(instruction, document.firstChild)
}

/**
 * Reads a document into an xmldom tree, as strictly and within the same limits as everything else is read, which
 * xmldom's own parser is not. Comments, processing instructions, CDATA and white space are kept, namespaces resolved,
 * elements know their `lineNumber`.
 *
 * @throws VirtError `xml-syntax` with the line, or `limit-exceeded`
 */
export function parseDom(source: string | Uint8Array, limits?: XmlLimits): Document {
  const document = new DOMImplementation().createDocument(null, '')
  declare(document, parseXmlInto(new DomBuilder(document, document), source, limits))
  return document
}

/** Reads XML into an element for a document, to stand inside another element: prefixes mean what they mean there. */
export function parseElement(xml: string, around: Element): Element {
  const document = around.ownerDocument as Document
  const fragment = document.createDocumentFragment()
  parseXmlInto(new DomBuilder(document, fragment, around), xml)
  return fragment.firstChild as Element
}
