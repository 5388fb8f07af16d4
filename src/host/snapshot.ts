import type { CallOptions } from '../backend.js'
import { VirtError } from '../errors.js'
import { capabilityOf, type NodeDeviceDef } from '../model/node-device.js'
import type { RunCommand } from '../os/command.js'
import type { HostFiles } from '../os/host-files.js'
import { type MemoryFile, MemoryFiles } from '../os/host-files-memory.js'
import { IdDatabase } from './id-database.js'
import { LinuxHost } from './linux-host.js'
import { RecordingFiles } from './recording-files.js'
import { scrubber } from './scrub.js'

const format = 'hostdev-snapshot'
const version = 1

/** How a host is recorded. */
export interface SnapshotOptions extends CallOptions {
  /** Put made-up serial numbers, hardware addresses and world wide names in place of the host's. */
  scrub?: boolean
  /** Where pci.ids and usb.ids are taken from when the host has none. */
  idFiles?: HostFiles
  /** Runs ethtool and devlink for the offloads of network interfaces; without it they are not recorded. */
  run?: RunCommand
}

/**
 * A file in a snapshot: text, bytes in base64, either with the size it declares, a link, or what else a file can be.
 */
type Packed = string | { readonly base64: string } | { readonly content: Packed; readonly size: number } | object

/**
 * Records a host as text: every attribute, link and udev record that listing and dumping its devices reads, so that
 * the same code can read it again anywhere. Names of vendors and products come along.
 */
export async function takeSnapshot(
  files: HostFiles,
  { scrub = false, idFiles, run, signal }: SnapshotOptions = {},
): Promise<string> {
  const recording = new RecordingFiles(files)
  const commands = new Map<string, string>()
  const noted: RunCommand = async (argv, limits) => {
    const output = await (run as RunCommand)(argv, limits)
    commands.set(argv.join(' '), output.stdout)
    return output
  }
  const host = new LinuxHost({ files: recording, idFiles, run: run && noted })
  const options = signal ? { signal } : {}
  const defs: NodeDeviceDef[] = []
  for await (const def of host.defs({}, options)) {
    defs.push(def)
    // so that devices of the recording are found by their folder, too
    if (def.path === undefined) continue
    await host.nameAt(def.path)
    if (capabilityOf(def, 'usb_device')) host.companionPort(def.path.split('/').at(-1) ?? '')
  }
  // libvirt reads a little else
  for await (const _ of host.defs({}, { ...options, compat: true }));
  const seen = [...recording.seen()].filter(([path]) => !path.startsWith('/usr/'))
  const text = JSON.stringify({
    format,
    version,
    commands: [...commands],
    files: [...seen.sort(([a], [b]) => (a < b ? -1 : 1)), ...namesOf(idFiles ? [files, idFiles] : [files], defs)].map(
      ([path, file]) => [path, pack(file)],
    ),
  })
  return scrub ? scrubber(defs)(text) : text
}

/** A recorded host: its files, and the commands that were run on it. */
export interface RecordedHost {
  readonly files: HostFiles
  readonly run: RunCommand
}

/**
 * A recorded host.
 *
 * @throws VirtError `invalid-argument` for what is no snapshot, or names a path that is not one of a host's
 */
export function openSnapshot(text: string): RecordedHost {
  const snapshot = read(text)
  const files = new MemoryFiles()
  for (const [path, file] of entries(snapshot.files, 'files')) {
    checkPath(path)
    files.set(path, unpack(path, file))
  }
  const commands = new Map(entries(snapshot.commands, 'commands'))
  return {
    files,
    async run(argv) {
      // ethtool was asked of all interfaces, which answers what is asked of one
      const stdout = commands.get(argv.join(' ')) ?? commands.get([...argv.slice(0, -1), '*'].join(' '))
      if (typeof stdout === 'string') return { stdout, stderr: '' }
      throw new VirtError('unsupported', `${argv[0]} was not run when the host was recorded`, { argv })
    },
  }
}

function wrong(problem: string, cause?: unknown): VirtError {
  return new VirtError('invalid-argument', `the snapshot ${problem}; make it anew with hostdev snapshot`, { cause })
}

/** Values that a snapshot may hold: ten times those of a host of 800 devices. */
const mostValues = 500_000

/**
 * JSON of a few megabytes can become objects of a gigabyte, so what would become of it is counted first: commas and
 * brackets outside of strings.
 *
 * @throws VirtError `limit-exceeded`
 */
function checkValues(text: string): void {
  let values = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === quote) at = endOfString(text, at)
    else if (character === comma || character === bracket || character === brace) values++
    if (values > mostValues)
      throw new VirtError('limit-exceeded', `the snapshot holds more than ${mostValues} values; it is refused`)
  }
}

const [quote, backslash, comma, bracket, brace] = ['"', '\\', ',', '[', '{'].map((each) => each.charCodeAt(0))

function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === backslash) at++
    else if (character === quote) return at
  }
  return text.length
}

function read(text: string): { files?: unknown; commands?: unknown } {
  checkValues(text)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw wrong('is not JSON, or was cut off', cause)
  }
  const snapshot = parsed as { format?: unknown; version?: unknown; files?: unknown; commands?: unknown } | null
  if (snapshot?.format !== format) throw wrong('is none')
  if (snapshot.version !== version) throw wrong(`is of version ${String(snapshot.version)}, and this reads ${version}`)
  return snapshot
}

function entries(list: unknown, what: string): [string, unknown][] {
  if (!Array.isArray(list)) throw wrong(`lists no ${what}`)
  for (const entry of list)
    if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== 'string')
      throw wrong(`has an entry among its ${what} that is none`)
  return list
}

function checkPath(path: string): void {
  const steps = path.split('/').slice(1)
  if (!path.startsWith('/') || path.includes('\0') || steps.some((step) => ['', '.', '..'].includes(step)))
    throw wrong(`names ${JSON.stringify(path.slice(0, 100))}, which is no path of a host`)
}

function pack(file: MemoryFile): Packed {
  if (typeof file === 'object' && 'content' in file) return { content: pack(file.content), size: file.size }
  if (!(file instanceof Uint8Array)) return file
  const text = new TextDecoder().decode(file)
  const again = new TextEncoder().encode(text)
  const same = again.length === file.length && again.every((byte, index) => byte === file[index])
  return same ? text : { base64: btoa(String.fromCharCode(...file)) }
}

const kinds = ['directory', 'block', 'char', 'other'] as const

function unpack(path: string, packed: unknown): MemoryFile {
  if (typeof packed === 'string') return packed
  const file = (packed ?? {}) as Readonly<Record<string, unknown>>
  if (typeof file.size === 'number') {
    const content = unpack(path, file.content)
    if (typeof content === 'string' || content instanceof Uint8Array) return { content, size: file.size }
  }
  if (typeof file.base64 === 'string') return bytesOf(path, file.base64)
  if (typeof file.link === 'string') return { link: file.link }
  if (typeof file.errno === 'string' && /^E[A-Z\d]+$/.test(file.errno))
    return { errno: file.errno, ...(typeof file.mode === 'number' && { mode: file.mode }) }
  const kind = kinds.find((each) => each === file.kind)
  if (kind) return { kind }
  throw wrong(`says of ${path} what no file is`)
}

function bytesOf(path: string, base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch (cause) {
    throw wrong(`has broken bytes at ${path}`, cause)
  }
}

/** As much of pci.ids and usb.ids as the host's devices need. */
function namesOf(places: readonly HostFiles[], defs: readonly NodeDeviceDef[]): [path: string, text: string][] {
  const idsOf = (file: 'pci.ids' | 'usb.ids', pairs: (readonly [number, number])[]) => {
    const database = new IdDatabase(places, file)
    const vendors = new Map<number, { name: string; products: Map<number, string> }>()
    for (const [vendor, product] of pairs) {
      const names = database.lookup(vendor, product)
      if (names.vendor === undefined) continue
      const entry = vendors.get(vendor) ?? { name: names.vendor, products: new Map() }
      if (names.product !== undefined) entry.products.set(product, names.product)
      vendors.set(vendor, entry)
    }
    const digits = (id: number) => id.toString(16).padStart(4, '0')
    return [...vendors]
      .map(([id, { name, products }]) =>
        [`${digits(id)}  ${name}`, ...[...products].map(([product, text]) => `\t${digits(product)}  ${text}`)].join(
          '\n',
        ),
      )
      .join('\n')
      .concat('\n')
  }
  const pairsOf = (kind: 'pci' | 'usb_device') =>
    defs.flatMap((def) => {
      const { vendor, product } = capabilityOf(def, kind) ?? {}
      return vendor && product ? [[vendor.id, product.id] as const] : []
    })
  return [
    ['/usr/share/misc/pci.ids', idsOf('pci.ids', pairsOf('pci'))],
    ['/usr/share/misc/usb.ids', idsOf('usb.ids', pairsOf('usb_device'))],
  ]
}
