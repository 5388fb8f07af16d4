import { VirtError } from '../errors.js'
import { nearestNames } from '../model/device-name.js'
import type { HostdevDef } from '../model/hostdev.js'
import { formatHostdev, hostdevDialects, parseHostdev } from '../model/hostdev-dialects.js'
import { describeHostdev } from '../model/hostdev-match.js'
import { lost } from '../model/loss.js'
import { ContainerConfig } from './container-config.js'
import { configWord, containerHostdevs } from './container-hostdevs.js'
import { toQemu } from './qemu/hostdev.js'
import { formatProps, parseProps, type QemuProps } from './qemu/props.js'
import { fromQemu } from './qemu/read.js'
import { formatUsbHostName, parseUsbHostName } from './usb-host-name.js'
import { formatXlConfig, XlConfig } from './xl-config.js'

/** One way to say a host device. */
interface Format {
  /** Whether a text is written in it. */
  speaks(text: string): boolean
  read(text: string): HostdevDef[]
  write(def: HostdevDef): string
  /**
   * Members of a def that are about the hypervisor that keeps it, and that other formats say elsewhere or not at all.
   */
  readonly leaves: readonly string[]
}

const xml = Object.fromEntries(
  hostdevDialects.map((dialect): [string, Format] => [
    dialect,
    {
      // the reader tells the dialects apart by itself
      speaks: (text) => /^\s*</.test(text),
      read: (text) => [parseHostdev(text)],
      write: (def) => formatHostdev(def, { dialect }),
      leaves: dialect === 'libvirt' ? [] : ['managed'],
    },
  ]),
)

const option = /^-(device|blockdev|object)\s+(\S.*)$/s

/** QEMU's options, a line each. */
function readQemu(text: string): HostdevDef[] {
  const given: Record<string, QemuProps[]> = { device: [], blockdev: [], object: [] }
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line === '') continue
    const [, kind = 'device', words = line] = option.exec(line) ?? []
    given[kind]?.push(parseProps(words))
  }
  return [fromQemu({ devices: given.device ?? [], blockdevs: given.blockdev ?? [] })]
}

function writeQemu(def: HostdevDef): string {
  const { objects, blockdevs, devices } = toQemu(def)
  const lines = (kind: string, all: readonly QemuProps[]) =>
    all.map((given) => `-${kind} ${formatProps(given, 'json')}\n`)
  return [...lines('object', objects), ...lines('blockdev', blockdevs), ...lines('device', devices)].join('')
}

const formats: Readonly<Record<string, Format>> = {
  ...xml,
  qemu: {
    speaks: (text) => option.test(text.trim().split('\n')[0] ?? '') || /^\s*\{/.test(text),
    read: readQemu,
    write: writeQemu,
    leaves: ['managed', 'alias', 'driver', 'source.startupPolicy', 'source.vendor', 'source.product'],
  },
  'qemu-usbdevice': {
    speaks: (text) => /^\s*-usbdevice\s/.test(text),
    read: (text) => [parseUsbHostName(text.trim().replace(/^-usbdevice\s+/, ''))],
    write: (def) => {
      if (def.kind === 'usb') return `-usbdevice ${formatUsbHostName(def)}\n`
      throw new VirtError('config-unsupported', `-usbdevice has no words for ${describeHostdev(def)}`)
    },
    leaves: ['managed', 'alias'],
  },
  xl: {
    speaks: (text) => /^[ \t]*(pci|usbdev|usbctrl|usbdevice)[ \t]*\+?=/m.test(text),
    read: (text) => new XlConfig(text).hostdevs({ strict: true }),
    write: (def) => formatXlConfig({ hostdevs: [def] }),
    leaves: ['managed', 'alias', 'driver'],
  },
  openvz: {
    speaks: (text) => /^[ \t]*(NETDEV|NETIF|DEVNODES|DEVICES|PCI)=/m.test(text),
    read: (text) => containerHostdevs(new ContainerConfig(text)),
    write: (def) => {
      const config = new ContainerConfig('')
      config.put(configWord(def))
      return config.toString()
    },
    leaves: ['managed'],
  },
}

/** Every format between which hostdevs are converted: the dialects of XML, and the words of the hypervisors. */
export const hostdevFormats: readonly string[] = Object.keys(formats)

function formatOf(name: string): Format {
  const format = Object.hasOwn(formats, name) ? formats[name] : undefined
  if (format) return format
  throw new VirtError(
    'invalid-argument',
    `'${name.slice(0, 100)}' is no format; the known are ${hostdevFormats.join(', ')}`,
    {
      candidates: nearestNames(name, hostdevFormats),
    },
  )
}

/** How a hostdev is converted. */
export interface ConvertOptions {
  /** A word of {@link hostdevFormats}; found out from the text unless told. */
  from?: string
  to: string
  /**
   * Makes an address of a name that only the host knows, such as `sg3`. Asked for each hostdev that has one; without
   * it such a hostdev can only be written in formats that say the name.
   */
  resolve?: (def: HostdevDef) => HostdevDef | Promise<HostdevDef>
}

/** Whether a hostdev goes by a name, and not by an address. */
const isNamed = (def: HostdevDef): boolean => def.kind === 'scsi' && def.source.kind === 'generic'

/**
 * Says a hostdev in another format: every dialect of XML, QEMU's options, an xl.cfg's lists, an OpenVZ config.
 *
 * What the target cannot say is refused by name, never dropped; left out is only what is the business of one
 * hypervisor, such as whether libvirt manages the device.
 *
 * @throws VirtError `invalid-argument` for a text of no known format, `config-unsupported` for what cannot be said
 */
export async function convert(text: string, { from, to, resolve }: ConvertOptions): Promise<string> {
  const target = formatOf(to)
  const source = from === undefined ? Object.values(formats).find(({ speaks }) => speaks(text)) : formatOf(from)
  if (!source)
    throw new VirtError(
      'invalid-argument',
      `the text is in no known format; say from which: ${hostdevFormats.join(', ')}`,
    )
  const [def, another] = source.read(text)
  if (!def) throw new VirtError('invalid-argument', 'the text names no host device')
  if (another) throw new VirtError('invalid-argument', 'the text names several host devices; convert them one by one')
  const known = isNamed(def) && resolve ? await resolve(def) : def
  const written = target.write(known)
  const missing = lost(known, target.read(written)[0]).filter(
    (path) => !target.leaves.some((leaf) => path === leaf || path.startsWith(`${leaf}.`)),
  )
  if (missing.length === 0) return written
  throw new VirtError('config-unsupported', `${to} cannot say ${missing.join(', ')} of ${describeHostdev(known)}`)
}
