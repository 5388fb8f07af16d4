/**
 * The part of a DOM node that is read. The nodes of xmldom have it, and those of a browser, of jsdom, linkedom and
 * xmlbuilder2.
 */
export interface DomNode {
  /** 1 for an element, 3 for text, 4 for CDATA. */
  readonly nodeType: number
  /** Name of an element, with its prefix. */
  readonly nodeName: string
  /** The text of a text node. */
  readonly nodeValue: string | null
  readonly parentNode: DomNode | null
  readonly firstChild: DomNode | null
  readonly nextSibling: DomNode | null
}

/** What says which namespace a name is of. */
export interface DomName {
  readonly prefix?: string | null
  readonly namespaceURI?: string | null
}

/** An attribute of a DOM element. */
export interface DomAttribute extends DomName {
  readonly name: string
  readonly value: string
}

/** The part of a DOM element that is read. */
export interface DomElement extends DomNode, DomName {
  readonly attributes: { readonly length: number; item(index: number): DomAttribute | null }
  /** Line of the start tag, where the parser noted it. */
  readonly lineNumber?: number | undefined
}

export const isElement = (node: DomNode | null): node is DomElement => node?.nodeType === 1

export const isText = ({ nodeType }: DomNode): boolean => nodeType === 3 || nodeType === 4

/** The nodes directly inside, in document order. */
export function childrenOf<N extends DomNode>(parent: N): N[] {
  const children: N[] = []
  // xmldom's list of children is brought up to date when it is asked for, at a cost; the chain always is
  for (let node = parent.firstChild as N | null; node; node = node.nextSibling as N | null) children.push(node)
  return children
}

/** The attributes of an element, in document order. */
export function* attributesOf({ attributes }: DomElement): Generator<DomAttribute, void> {
  for (let i = 0; i < attributes.length; i++) {
    const attribute = attributes.item(i)
    if (attribute) yield attribute
  }
}
