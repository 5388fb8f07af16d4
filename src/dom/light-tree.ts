import { VirtError } from '../errors.js'
import { XmlElement } from '../xml/element.js'
import { attributesOf, childrenOf, type DomElement, type DomNode, isElement, isText } from './dom-node.js'

/** As deep as documents are read, unless told. */
const deepest = 256

/** An element of a DOM with its attributes, and nothing in it. */
function shallow(element: DomElement, parent?: XmlElement): XmlElement {
  return new XmlElement(element.nodeName, attributeValues(element), parent, element.lineNumber)
}

export function attributeValues(element: DomElement): Record<string, string> {
  const values: Record<string, string> = Object.create(null)
  for (const { name, value } of attributesOf(element)) values[name] = value
  return values
}

function fill(into: XmlElement, from: DomElement, depth: number): XmlElement {
  if (depth > deepest)
    throw new VirtError('limit-exceeded', `<${into.name}> has more than ${deepest} levels of elements below it`)
  for (const node of childrenOf<DomNode>(from)) {
    if (isElement(node)) into.append(fill(shallow(node, into), node, depth + 1))
    else if (isText(node)) into.append(node.nodeValue ?? '')
  }
  return into
}

/** Where an element of a DOM stands, in XPath's spelling. */
export function pathOf(element: DomElement): string {
  return withSiblings(element).path
}

/** The element and its ancestors, each among its siblings, as far as its path needs. */
function withSiblings(element: DomElement): XmlElement {
  const { parentNode } = element
  if (!isElement(parentNode)) return shallow(element)
  const parent = withSiblings(parentNode)
  const siblings = childrenOf<DomNode>(parentNode).filter(isElement)
  for (const each of siblings) parent.append(shallow(each, parent))
  return parent.children[siblings.indexOf(element)] ?? parent
}

/** An element of a DOM as codecs read it. Its path is that in the DOM, which is looked up only when it is asked for. */
class DomRoot extends XmlElement {
  readonly #source: DomElement

  constructor(source: DomElement) {
    super(source.nodeName, attributeValues(source), undefined, source.lineNumber)
    this.#source = source
  }

  override get path(): string {
    return pathOf(this.#source)
  }
}

/** The light tree of an element of any DOM; comments and processing instructions are left out, as by the parser. */
export function lightTree(element: DomElement): XmlElement {
  return fill(new DomRoot(element), element, 1)
}
