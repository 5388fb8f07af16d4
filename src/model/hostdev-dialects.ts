import { VirtError } from '../errors.js'
import { finding, invalid, type Reading } from '../xml/codec.js'
import type { ReadOptions, WriteOptions } from '../xml/document.js'
import type { XmlElement } from '../xml/element.js'
import { parseXml } from '../xml/parse.js'
import { XmlWriter } from '../xml/writer.js'
import { closeSource, host2007 } from './dialects/host-2007.js'
import type { HostdevDialect } from './dialects/hostdev-dialect.js'
import { patch2008 } from './dialects/patch-2008.js'
import { proposal2008 } from './dialects/proposal-2008.js'
import { type HostdevDef, hostdev } from './hostdev.js'

const libvirt: HostdevDialect = {
  root: hostdev.root,
  speaks: () => true,
  read: hostdev.codec.read,
  write: hostdev.codec.write,
}

/** Every dialect by its name; an element is of the first that speaks so. */
const dialects = {
  'host-2007': host2007,
  'proposal-2008': proposal2008,
  'patch-2008': patch2008,
  libvirt,
} as const

/**
 * How a hostdev is written: as libvirt does, or as in one of the proposals before it: `<host bus='usb'>` of July 2007,
 * `<hostdev mode='bus'>` of July 2008, and the patch that one answers, `<hostdev type='usb' vendor='0204' …>`.
 */
export type HostdevDialectName = keyof typeof dialects

/** The names of all dialects. */
export const hostdevDialects = Object.keys(dialects) as HostdevDialectName[]

/**
 * Reads a hostdev in any dialect, which it finds out by itself.
 *
 * @throws VirtError `xml-syntax`, `xml-invalid`, `limit-exceeded`
 */
export function parseHostdev(source: string | Uint8Array, options: ReadOptions = {}): HostdevDef {
  return readHostdev(hostdevTree(source, options), options)
}

/** The same for an element of a larger document. @throws VirtError `xml-invalid` */
export function readHostdev(element: XmlElement, options: ReadOptions = {}): HostdevDef {
  const dialect = Object.values(dialects).find(({ root, speaks }) => root === element.name && speaks(element))
  if (!dialect) throw invalid(element, 'is no hostdev; its root is <hostdev> or <host>')
  const { strict = false, compat = false } = options
  return dialect.read(element, { strict, compat, warn: warner(options) })
}

const warner =
  ({ onWarning }: ReadOptions): Reading['warn'] =>
  (problem, at) =>
    onWarning?.(finding(at, problem))

/** A hostdev as text. @throws VirtError `config-unsupported`, which names what the dialect cannot say */
export function formatHostdev(
  def: HostdevDef,
  { dialect = 'libvirt', compat = false }: WriteOptions & { dialect?: HostdevDialectName } = {},
): string {
  const { root, write } = dialects[dialect]
  const writer = new XmlWriter()
  writer.open(root)
  write(writer, def, { compat })
  writer.close()
  return writer.toString()
}

/** The tree of a document, also of the one example of 2007 that is not well-formed. */
export function hostdevTree(source: string | Uint8Array, options: ReadOptions = {}): XmlElement {
  const { limits, strict = false } = options
  try {
    return parseXml(source, limits)
  } catch (error) {
    const closed =
      typeof source === 'string' && VirtError.is(error, 'xml-syntax') && !strict ? closeSource(source) : undefined
    if (closed === undefined) throw error
    const element = parseXml(closed, limits)
    warner(options)('was left open; close it with />', element.children[0] ?? element)
    return element
  }
}
