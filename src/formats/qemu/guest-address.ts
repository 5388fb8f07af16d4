import { VirtError } from '../../errors.js'
import type { GuestAddress } from '../../model/hostdev/guest-address.js'
import { props, type QemuProps } from './props.js'

/** What libvirt calls the buses of a guest, which is how numbers become names. */
export interface BusNames {
  /** Architecture of the guest: `x86_64` unless told. */
  arch?: string
  /** The name of a PCI bus; `pci.0` and so on unless told. */
  pciBus?: (bus: number) => string
}

const hex = (value: number) => `0x${value.toString(16)}`

/** POWER guests have a host bridge for each PCI domain, whose bus is 0 of its own. */
const pciBusName = (bus: number, { arch, pciBus }: BusNames): string =>
  pciBus?.(bus) ?? (arch?.startsWith('ppc64') && bus > 0 ? `pci.${bus}.0` : `pci.${bus}`)

/** Properties that put a device at its address in the guest (`qemuBuildDeviceAddressProps`). */
export function addressProps(address: GuestAddress | undefined, names: BusNames): QemuProps {
  switch (address?.kind) {
    case undefined:
      return {}
    case 'pci': {
      const { bus = 0, slot, function: fn = 0, multifunction } = address
      if (slot === undefined) return props({ multifunction })
      const addr = fn === 0 ? hex(slot) : `${hex(slot)}.${hex(fn)}`
      return props({ bus: pciBusName(bus, names), multifunction, addr })
    }
    case 'usb': {
      const { bus = 0, port } = address
      return props({ bus: `usb${bus === 0 ? '' : bus}.0`, port })
    }
    case 'ccw': {
      const { cssid, ssid, devno } = address
      if (cssid === undefined || ssid === undefined || devno === undefined) return {}
      return { devno: `${cssid.toString(16)}.${ssid.toString(16)}.${devno.toString(16).padStart(4, '0')}` }
    }
    default:
      throw new VirtError(
        'config-unsupported',
        `the hostdev has an address of type '${address?.kind}', at which QEMU puts no host device`,
      )
  }
}

/** How SCSI devices are told apart on one bus: most adapters count targets and units, old ones targets alone. */
export type ScsiController = 'virtio-scsi' | 'lsilogic'

/** The same for a device on a SCSI bus (`qemuBuildSCSIHostdevDevProps`). */
export function driveProps(address: GuestAddress | undefined, controller: ScsiController): QemuProps {
  if (address?.kind !== 'drive') return {}
  const { controller: index = 0, bus = 0, target = 0, unit = 0 } = address
  const place = controller === 'lsilogic' ? { 'scsi-id': unit } : { channel: bus, 'scsi-id': target, lun: unit }
  return { bus: `scsi${index}.0`, ...place }
}

/** The number in a bus's name; `undefined` for names that others than libvirt gave. */
const numberIn = (name: string, pattern: RegExp): number | undefined => {
  const found = pattern.exec(name)
  return found ? Number(found[1] || 0) : undefined
}

/**
 * The address that properties say.
 *
 * @throws VirtError `config-unsupported` for a bus whose number its name does not tell
 */
export function addressOf(given: QemuProps): GuestAddress | undefined {
  const { bus, addr, port, devno, multifunction } = given
  const unknown = () =>
    new VirtError('config-unsupported', `the device is on bus ${JSON.stringify(bus)}, which has no number; rename it`)
  if (devno !== undefined) {
    const parts = /^([\da-f]{1,2})\.([0-3])\.([\da-f]{1,4})$/i.exec(String(devno))
    if (!parts) throw wrongProperty('devno', devno, 'a channel like fe.0.0001')
    const [cssid = 0, ssid = 0, number = 0] = parts.slice(1).map((part) => Number.parseInt(part, 16))
    return { kind: 'ccw', cssid, ssid, devno: number }
  }
  if (addr !== undefined) {
    const parts = /^(?:0x)?([01]?[\da-f])(?:\.(?:0x)?([0-7]))?$/i.exec(String(addr))
    if (!parts) throw wrongProperty('addr', addr, 'a slot like 0x1f, or slot and function like 0x1f.0x7')
    const [slot, fn] = [Number.parseInt(parts[1] ?? '', 16), Number(parts[2] ?? 0)]
    const number = numberIn(String(bus ?? 'pci.0'), /^pcie?\.(\d{1,10})(?:\.0)?$/)
    if (number === undefined) throw unknown()
    const multi = multifunction === undefined ? {} : { multifunction: isOn(multifunction) }
    return { kind: 'pci', domain: 0, bus: number, slot, function: fn, ...multi }
  }
  if (given['scsi-id'] !== undefined) {
    const controller = numberIn(String(bus ?? 'scsi0.0'), /^scsi(\d{1,10})\.0$/)
    if (controller === undefined) throw unknown()
    const channel = given.channel === undefined ? 0 : whole(given, 'channel')
    const target = whole(given, 'scsi-id')
    return given.lun === undefined
      ? { kind: 'drive', controller, bus: channel, target: 0, unit: target }
      : { kind: 'drive', controller, bus: channel, target, unit: whole(given, 'lun') }
  }
  if (given.driver !== 'usb-host' || (bus ?? port) === undefined) return undefined
  const number = numberIn(String(bus ?? 'usb.0'), /^usb(\d{0,10})\.0$/)
  if (number === undefined) throw unknown()
  return { kind: 'usb', bus: number, ...(port !== undefined && { port: usbPorts(given, 'port') }) }
}

/** The error for a property that cannot be. */
export const wrongProperty = (property: string, value: unknown, is: string): VirtError =>
  new VirtError(
    'invalid-argument',
    `the property ${property} is ${JSON.stringify(String(value).slice(0, 100))}; it is ${is}`,
  )

/** A number as QEMU reads it, in text too: `0x` begins hexadecimal and `0` octal digits (`qemu_strtou64`, base 0). */
export function whole(given: QemuProps, property: string, maximum = 0xffff_ffff): number {
  const text = String(given[property])
  const octal = /^0[0-7]+$/.test(text)
  const value = octal ? Number.parseInt(text, 8) : /^(?:0x[\da-f]{1,8}|0|[1-9]\d*)$/i.test(text) ? Number(text) : -1
  if (value >= 0 && value <= maximum) return value
  throw wrongProperty(property, given[property], `a number from 0 to ${maximum}`)
}

/** A chain of ports of USB hubs. */
export function usbPorts(given: QemuProps, property: string): string {
  const text = String(given[property])
  if (/^[1-9]\d{0,8}(?:\.[1-9]\d{0,8}){0,3}$/.test(text)) return text
  throw wrongProperty(property, given[property], 'a chain of ports like 1.2')
}

/** Whether a switch is on; QEMU's comma syntax has words for it. */
export const isOn = (value: string | number | boolean | undefined): boolean =>
  value === true || ['on', 'yes', 'true', 'y'].includes(String(value))
