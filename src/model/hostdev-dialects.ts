import { VirtError } from '../errors.js'
import type { Reading } from '../xml/codec.js'
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
  const { strict = false, compat = false, onWarning } = options
  const reading: Reading = {
    strict,
    compat,
    warn: (problem, { path, line }) => onWarning?.({ path, line, problem }),
  }
  const element = treeOf(source, reading, options)
  const dialect = Object.values(dialects).find(({ root, speaks }) => root === element.name && speaks(element))
  if (!dialect)
    throw new VirtError('xml-invalid', `${element.path} is no hostdev; its root is <hostdev> or <host>`, {
      path: element.path,
      line: element.line,
    })
  return dialect.read(element, reading)
}

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
function treeOf(source: string | Uint8Array, reading: Reading, { limits }: ReadOptions): XmlElement {
  try {
    return parseXml(source, limits)
  } catch (error) {
    const closed =
      typeof source === 'string' && VirtError.is(error, 'xml-syntax') && !reading.strict
        ? closeSource(source)
        : undefined
    if (closed === undefined) throw error
    const element = parseXml(closed, limits)
    reading.warn('was left open; close it with />', element.children[0] ?? element)
    return element
  }
}
