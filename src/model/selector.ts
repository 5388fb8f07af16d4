import { VirtError } from '../errors.js'
import { describeDevice } from './describe.js'
import { type Capability, capabilityOf, type NodeDeviceDef } from './node-device.js'
import { formatPciAddress, toPciAddress } from './pci-address.js'

/**
 * What somebody means by "that dongle": every member that is given must agree. Guests mean a device, not the number
 * it has on its bus today.
 */
export interface DeviceSelector {
  /** Name of the node device. */
  name?: string
  /** USB or PCI vendor id. */
  vendor?: number
  /** USB or PCI product id. */
  product?: number
  /** Serial number: of a disk, or of a USB device as its descriptor has it. */
  serial?: string
  /**
   * Physical USB port, `3-1.2`: bus and path below its root hub, where the device stays plugged in. A socket of USB 3
   * has two; where nothing is at the one that is named, what is at the other is meant.
   */
  port?: string
  /** USB bus number. */
  bus?: number
  /** USB device number; another after each replug. */
  device?: number
  /** PCI address: `0000:00:1f.3`. */
  pci?: string
  /** World wide port or node name of an FC host, in hexadecimal digits. */
  wwn?: string
  /** UUID of a mediated device. */
  uuid?: string
  /** Hardware address of a network interface. */
  mac?: string
  /** A link below /dev/disk/by-id, with or without that folder. */
  disk?: string
}

const lower = (text: string | undefined) => text?.toLowerCase().replace(/^0x/, '')

const deviceTable = (capability: Capability | undefined) =>
  capability?.kind === 'pci' || capability?.kind === 'usb_device' ? capability : undefined

type Rule<K extends keyof DeviceSelector> = (wanted: NonNullable<DeviceSelector[K]>, def: NodeDeviceDef) => boolean

/** Whether a device agrees with one member. */
const rules: { readonly [K in keyof DeviceSelector]-?: Rule<K> } = {
  name: (wanted, def) => def.name === wanted,
  vendor: (wanted, def) => deviceTable(def.capabilities[0])?.vendor?.id === wanted,
  product: (wanted, def) => deviceTable(def.capabilities[0])?.product?.id === wanted,
  serial: (wanted, def) => [capabilityOf(def, 'storage')?.serial, usbOf(def)?.serial].includes(wanted),
  port: (wanted, def) => usbOf(def) !== undefined && def.path?.split('/').at(-1) === wanted,
  bus: (wanted, def) => usbOf(def)?.bus === wanted,
  device: (wanted, def) => usbOf(def)?.device === wanted,
  pci: (wanted, def) => {
    const pci = capabilityOf(def, 'pci')
    return pci !== undefined && formatPciAddress(pci) === formatPciAddress(toPciAddress(wanted))
  },
  wwn: (wanted, def) => {
    const fc = capabilityOf(def, 'scsi_host')?.fcHost
    return fc !== undefined && [lower(fc.wwpn), lower(fc.wwnn)].includes(lower(wanted))
  },
  uuid: (wanted, def) => lower(capabilityOf(def, 'mdev')?.uuid) === lower(wanted),
  mac: (wanted, def) => lower(capabilityOf(def, 'net')?.address) === lower(wanted),
  disk: (wanted, def) => def.devlinks?.includes(wanted.startsWith('/') ? wanted : `/dev/disk/by-id/${wanted}`) ?? false,
}

/** Kinds of device that have a member; absent: any kind may. */
const kinds: { readonly [K in keyof DeviceSelector]: readonly string[] } = {
  vendor: ['pci', 'usb_device'],
  product: ['pci', 'usb_device'],
  serial: ['storage', 'usb_device'],
  port: ['usb_device'],
  bus: ['usb_device'],
  device: ['usb_device'],
  pci: ['pci'],
  wwn: ['fc_host'],
  uuid: ['mdev'],
  mac: ['net'],
  disk: ['storage'],
}

const usbOf = (def: NodeDeviceDef) => capabilityOf(def, 'usb_device')

/** The members that a selector gives. @throws VirtError `invalid-argument` for an empty one or an unknown member */
export function selectorMembers(selector: DeviceSelector): (keyof DeviceSelector)[] {
  const members = Object.keys(selector).filter((key) => selector[key as keyof DeviceSelector] !== undefined)
  const unknown = members.find((key) => !Object.hasOwn(rules, key))
  if (unknown !== undefined)
    throw new VirtError('invalid-argument', `a selector has no ${unknown}; it has ${Object.keys(rules).join(', ')}`)
  if (members.length === 0)
    throw new VirtError('invalid-argument', 'the selector is empty and would mean every device; name something')
  return members as (keyof DeviceSelector)[]
}

/**
 * The kinds of device that a selector can mean, in libvirt's words; `undefined`: any. Who asks for these
 * alone reads less of a host.
 *
 * @throws VirtError as {@link selectorMembers}
 */
export function kindsMeant(selector: DeviceSelector): readonly string[] | undefined {
  const [first, ...others] = selectorMembers(selector)
    .map((member) => kinds[member])
    .filter((each) => each !== undefined)
  const all = first?.filter((kind) => others.every((each) => each.includes(kind)))
  // nothing is of two kinds, and no device is meant then; the host may say so itself
  return all?.length === 0 ? first : all
}

/** Whether a device is one that the selector means. */
export function matchesSelector(def: NodeDeviceDef, selector: DeviceSelector): boolean {
  return selectorMembers(selector).every((member) =>
    (rules[member] as (wanted: unknown, def: NodeDeviceDef) => boolean)(selector[member], def),
  )
}

type Words = { readonly [K in keyof DeviceSelector]-?: (value: NonNullable<DeviceSelector[K]>) => string }

const quoted = (text: string) => JSON.stringify(text.slice(0, 200))
const hex = (id: number) => id.toString(16).padStart(4, '0')

const words: Words = {
  name: (name) => `with the name ${quoted(name)}`,
  vendor: (id) => `of the vendor ${hex(id)}`,
  product: (id) => `with the product id ${hex(id)}`,
  serial: (serial) => `with the serial number ${quoted(serial)}`,
  port: (port) => `at the USB port ${quoted(port)}`,
  bus: (bus) => `on USB bus ${bus}`,
  device: (device) => `with the USB device number ${device}`,
  pci: (address) => `at the PCI address ${quoted(address)}`,
  wwn: (wwn) => `with the world wide name ${quoted(wwn)}`,
  uuid: (uuid) => `with the UUID ${quoted(uuid)}`,
  mac: (address) => `with the hardware address ${quoted(address)}`,
  disk: (link) => `with the link ${quoted(link)}`,
}

/** What a selector means, for messages: `1d6b:0002 at the USB port "1-1"`. */
export function describeSelector(selector: DeviceSelector): string {
  const { vendor, product, ...others } = selector
  const ids = vendor === undefined || product === undefined ? undefined : `${hex(vendor)}:${hex(product)}`
  const parts = Object.entries(ids === undefined ? selector : others).map(([member, value]) =>
    value === undefined ? undefined : (words[member as keyof DeviceSelector] as (value: unknown) => string)(value),
  )
  return [ids, ...parts].filter((part) => part !== undefined).join(' ')
}

/**
 * The one device that is meant.
 *
 * @throws VirtError `no-node-device` for none, `ambiguous` with the candidates for several
 */
export function selectOne(defs: readonly NodeDeviceDef[], selector: DeviceSelector): NodeDeviceDef {
  const found = defs.filter((def) => matchesSelector(def, selector))
  const meant = describeSelector(selector)
  const [first] = found
  if (first === undefined) throw new VirtError('no-node-device', `there is no device ${meant}; is it plugged in?`)
  if (found.length === 1) return first
  const candidates = found.map((def) => def.name)
  throw new VirtError(
    'ambiguous',
    `there are ${found.length} devices ${meant}: ${found.map((def) => `${def.name} (${describeDevice(def)})`).join(', ')}; add a serial, a port or a bus and device number`,
    { candidates },
  )
}
