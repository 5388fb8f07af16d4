/** An XML element as plain data: what is kept, unread, of a kind that no table knows, and written back as it was. */
export interface RawXml {
  name: string
  attributes?: Record<string, string>
  /** Text and child elements in document order; white space between elements is not kept. */
  content?: (string | RawXml)[]
}

/** Attributes in document order; the object has no prototype, so `__proto__` is a name like any other. */
export type XmlAttributes = Readonly<Record<string, string>>

export const noAttributes: XmlAttributes = Object.freeze(Object.create(null))

type XmlNode = string | XmlElement
const noContent: readonly XmlNode[] = Object.freeze([])

/**
 * One element of the light tree that every reader works on. It knows its parent and line, so that errors can name both.
 */
export class XmlElement {
  /** Text and child elements in document order. */
  content = noContent

  constructor(
    readonly name: string,
    readonly attributes: XmlAttributes = noAttributes,
    readonly parent?: XmlElement,
    /** Line on which the start tag ends, counted from 1; 0 when the tree was not read from text. */
    readonly line = 0,
  ) {}

  /** Adds text or an element at the end. Most elements hold one node: an array for more is made when there are. */
  append(node: XmlNode): void {
    if (this.content === noContent) this.content = [node]
    else (this.content as XmlNode[]).push(node)
  }

  /** The text directly inside, without that of child elements. */
  get text(): string {
    const { content } = this
    if (content.length === 1 && typeof content[0] === 'string') return content[0]
    let text = ''
    for (const node of content) if (typeof node === 'string') text += node
    return text
  }

  /** The text of the element and of all below it: the string-value of XPath, which libvirt reads elements by. */
  get stringValue(): string {
    const { content } = this
    if (content.length === 1 && typeof content[0] === 'string') return content[0]
    let text = ''
    for (const node of content) text += typeof node === 'string' ? node : node.stringValue
    return text
  }

  /** The child elements. */
  get children(): XmlElement[] {
    return this.content.filter((node) => typeof node !== 'string')
  }

  /** Where this element stands, in XPath's spelling: `/device/capability[@type='pci']/iommuGroup/address[2]`. */
  get path(): string {
    return `${this.parent?.path ?? ''}/${this.name}${this.#position()}`
  }

  #position(): string {
    const type = this.attributes.type
    if (type !== undefined && type.length <= 100) return `[@type='${type}']`
    const twins = this.parent?.children.filter((sibling) => sibling.name === this.name) ?? []
    return twins.length > 1 ? `[${twins.indexOf(this) + 1}]` : ''
  }

  /** This element and all below it as plain data. */
  toRaw(): RawXml {
    const raw: RawXml = { name: this.name }
    if (Object.keys(this.attributes).length > 0) raw.attributes = { ...this.attributes }
    const content = this.#rawContent()
    if (content.length > 0) raw.content = content
    return raw
  }

  #rawContent(): (string | RawXml)[] {
    const layoutOnly = this.text.trim() === '' && this.content.some((node) => typeof node !== 'string')
    const content: (string | RawXml)[] = []
    for (const node of this.content) {
      const before = content.at(-1)
      if (typeof node !== 'string') content.push(node.toRaw())
      else if (typeof before === 'string') content[content.length - 1] = before + node
      else if (!layoutOnly) content.push(node)
    }
    return content
  }

  /** The tree that {@link XmlElement.toRaw} came from. */
  static fromRaw(raw: RawXml, parent?: XmlElement): XmlElement {
    const attributes = Object.assign(Object.create(null), raw.attributes)
    const element = new XmlElement(raw.name, attributes, parent)
    for (const node of raw.content ?? [])
      element.append(typeof node === 'string' ? node : XmlElement.fromRaw(node, element))
    return element
  }
}
