import type { Document, Element, Node } from '@xmldom/xmldom'
import { VirtError } from '../errors.js'
import type { ReadOptions } from '../xml/document.js'
import type { XmlLimits } from '../xml/parse.js'
import { aliasOf, describeGuestDevice, documentFor, type GuestDeviceDef, sameGuestDevice } from './any-def.js'
import { isElement } from './dom-node.js'
import { formatDom } from './format-dom.js'
import { parseDom, parseElement } from './parse-dom.js'
import { readHostdev, readInterface } from './read.js'
import { insertOnLine, removeLine, replaceOnLine } from './white-space.js'
import { type Namespaces, XPath } from './xpath.js'

/** A host device of a domain, and the element that says so. */
export interface DomainHostdev {
  readonly def: GuestDeviceDef
  readonly element: Element
}

/** A host device of a domain: by its alias, by its element, or by a def that means the same device of the host. */
export type HostdevReference = string | Element | GuestDeviceDef

/**
 * libvirt's `<domain>` document, whose host devices can be seen and changed: `<hostdev>` elements, and interfaces that
 * are devices of the host. Everything else stays as it is, comments, foreign namespaces and indentation included.
 */
export class DomainDocument {
  readonly #xpath = new XPath()

  private constructor(
    /** The tree, which may be changed by other means too. */
    readonly document: Document,
  ) {}

  /**
   * Reads a document, such as `virsh dumpxml` prints.
   *
   * @throws VirtError `xml-syntax`, `limit-exceeded`, or `xml-invalid` for what is no domain
   */
  static parse(source: string | Uint8Array, limits?: XmlLimits): DomainDocument {
    const made = new DomainDocument(parseDom(source, limits))
    const { nodeName, namespaceURI } = made.#root
    if (nodeName === 'domain' && !namespaceURI) return made
    throw new VirtError('xml-invalid', `/${nodeName} is no domain; the root of such a document is <domain>`, {
      path: `/${nodeName}`,
      line: made.#root.lineNumber ?? 0,
    })
  }

  /** The host devices, in document order. @throws VirtError `xml-invalid` for one that cannot be read */
  hostdevs(options: ReadOptions = {}): DomainHostdev[] {
    return this.#elements().map((element) => ({ def: defOf(element, options), element }))
  }

  /**
   * The nodes that an XPath 1.0 expression selects, in document order; the document is the context. Prefixes mean what
   * the root declares, unless told.
   *
   * @throws VirtError `invalid-argument` for what is no such expression
   */
  select<N extends Node = Element>(expression: string, namespaces?: Namespaces): N[] {
    return this.#xpath.select<N>(expression, this.document, namespaces)
  }

  /** The value of an XPath 1.0 expression; of nodes, the text of the first. @throws VirtError `invalid-argument` */
  evaluate(expression: string, namespaces?: Namespaces): string | number | boolean {
    return this.#xpath.evaluate(expression, this.document, namespaces)
  }

  /**
   * Gives the domain a host device, after those it has.
   *
   * @throws VirtError `operation-invalid` when its alias is taken
   */
  add(def: GuestDeviceDef): Element {
    this.#checkAlias(def)
    const { root } = documentFor(def)
    const twin = this.#elements()
      .filter(({ nodeName }) => nodeName === root)
      .at(-1)
    const parent = (twin?.parentNode as Element | undefined) ?? this.#devices()[0] ?? this.#makeDevices()
    const element = elementFor(def, parent)
    insertOnLine(parent, element, twin)
    return element
  }

  /**
   * Puts a host device in the place of another; nothing of the old one stays.
   *
   * @throws VirtError `device-missing` when the domain has no such device, `ambiguous` when it has several,
   * `operation-invalid` when the alias is taken
   */
  replace(old: HostdevReference, def: GuestDeviceDef): Element {
    const place = this.#find(old)
    this.#checkAlias(def, place)
    const element = elementFor(def, place.parentNode as Element)
    replaceOnLine(place, element)
    return element
  }

  /** Takes a host device away. @throws VirtError `device-missing` when there is none, `ambiguous` for several */
  remove(device: HostdevReference): void {
    removeLine(this.#find(device))
  }

  /** The document as text. What libvirt wrote and nobody changed comes out byte for byte as it was. */
  toString(): string {
    return formatDom(this.document)
  }

  get #root(): Element {
    return this.document.documentElement as Element
  }

  #devices(): Element[] {
    return elementsIn(this.#root).filter(({ nodeName }) => nodeName === 'devices')
  }

  #makeDevices(): Element {
    const devices = this.document.createElement('devices')
    insertOnLine(this.#root, devices)
    return devices
  }

  #elements(): Element[] {
    return this.#devices().flatMap((devices) => elementsIn(devices).filter(isHostDevice))
  }

  #find(wanted: HostdevReference): Element {
    const found = this.#candidates(wanted)
    const [first] = found
    if (first && found.length === 1) return first
    const problem = first ? `is there ${found.length} times; pass the element that is meant` : 'is not in the domain'
    throw new VirtError(first ? 'ambiguous' : 'device-missing', `${describe(wanted)} ${problem}`, {
      candidates: this.#elements().flatMap((element) => aliasIn(element) ?? []),
    })
  }

  #candidates(wanted: HostdevReference): Element[] {
    const elements = this.#elements()
    if (typeof wanted === 'string') return elements.filter((element) => aliasIn(element) === wanted)
    if ('nodeType' in wanted) return elements.filter((element) => element === wanted)
    const alias = aliasOf(wanted)
    const named = elements.filter((element) => alias !== undefined && aliasIn(element) === alias)
    const found = named.filter((element) => means(element, wanted))
    return found.length > 0 ? found : elements.filter((element) => means(element, wanted))
  }

  #checkAlias(def: GuestDeviceDef, leaving?: Element): void {
    const alias = aliasOf(def)
    if (alias === undefined) return
    const devices = this.#devices().flatMap(elementsIn)
    if (!devices.some((device) => device !== leaving && aliasIn(device) === alias)) return
    throw new VirtError('operation-invalid', `the alias ${alias} is taken by another device of the domain; choose one`)
  }
}

function elementsIn(parent: Element): Element[] {
  const elements: Element[] = []
  // every change looks through all devices of the domain, so this spares the list of all nodes
  for (let node = parent.firstChild; node; node = node.nextSibling) if (isElement(node)) elements.push(node as Element)
  return elements
}

const isHostDevice = (element: Element): boolean =>
  element.nodeName === 'hostdev' ||
  (element.nodeName === 'interface' && ['hostdev', 'vdpa'].includes(element.getAttribute('type') ?? ''))

const defOf = (element: Element, options?: ReadOptions): GuestDeviceDef =>
  element.nodeName === 'interface' ? readInterface(element, options) : readHostdev(element, options)

/** Whether an element and a def mean the same device; one that cannot be read means none. */
function means(element: Element, wanted: GuestDeviceDef): boolean {
  try {
    return sameGuestDevice(defOf(element), wanted)
  } catch (error) {
    if (VirtError.is(error, 'xml-invalid')) return false
    throw error
  }
}

const elementFor = (def: GuestDeviceDef, parent: Element): Element => parseElement(documentFor(def).format(def), parent)

function aliasIn(device: Element): string | undefined {
  for (let node = device.firstChild; node; node = node.nextSibling)
    if (node.nodeName === 'alias' && isElement(node)) return (node as Element).getAttribute('name') ?? undefined
  return undefined
}

function describe(wanted: HostdevReference): string {
  if (typeof wanted === 'string') return `a host device with the alias ${wanted.slice(0, 100)}`
  return 'nodeType' in wanted ? `the element <${wanted.nodeName}>` : describeGuestDevice(wanted)
}
