import { VirtError } from '../errors.js'
import type { HostdevDef, HostdevOf } from '../model/hostdev.js'
import { describeHostdev } from '../model/hostdev-match.js'
import { lost } from '../model/loss.js'
import type { UsbControllerDef } from '../model/usb-controller.js'
import { unsayable } from './xl-options.js'
import { type XlPciSpec, xlPciSpec } from './xl-pci.js'
import { type XlUsbctrl, type XlUsbdev, xlUsbctrl, xlUsbdev, xlUsbdevice } from './xl-usb.js'

/** The settings of an xl.cfg that give a guest devices of its host. */
export type XlDeviceKey = 'pci' | 'usbdev' | 'usbdevice'

/** A host device in xl's words: an item of one of its lists. */
export interface XlDevice {
  readonly key: XlDeviceKey
  readonly text: string
}

/** What xl can be told of a PCI device that a hostdev has no place for. */
const onlyXl = ['msitranslate', 'powerMgmt', 'rdmPolicy'] as const

function fromPciSpec(spec: XlPciSpec, strict: boolean): HostdevOf<'pci'> {
  const { address, vslot, seize = false, permissive } = spec
  if (address === undefined) throw unsayable('hostdev', `the name ${JSON.stringify(spec.name)} in place of an address`)
  if (address.function === '*') throw unsayable('hostdev', 'that it is all functions of a slot')
  const extra = onlyXl.filter((option) => spec[option] !== undefined)
  if (strict && extra.length > 0) throw unsayable('hostdev', extra.join(', '))
  return {
    kind: 'pci',
    managed: seize,
    driver: { name: 'xen' },
    source: {
      address: { ...address, function: address.function },
      ...(permissive !== undefined && { writeFiltering: !permissive }),
    },
    ...(vslot && { address: { kind: 'pci', domain: 0, bus: 0, slot: vslot, function: 0 } }),
  }
}

function toPciSpec({ managed, source, address }: HostdevOf<'pci'>): XlPciSpec {
  const vslot = address?.kind === 'pci' ? address.slot : undefined
  return {
    address: source.address,
    ...(vslot && { vslot }),
    ...(source.writeFiltering !== undefined && { permissive: !source.writeFiltering }),
    ...(managed && { seize: true }),
  }
}

function fromUsbdev({ hostbus, hostaddr, controller, port }: XlUsbdev): HostdevOf<'usb'> {
  return {
    kind: 'usb',
    managed: false,
    source: { address: { bus: hostbus ?? 0, device: hostaddr ?? 0 } },
    ...(controller !== undefined && {
      address: { kind: 'usb', bus: controller, ...(port && { port: String(port) }) },
    }),
  }
}

function toUsbdev({ source, address }: HostdevOf<'usb'>): XlUsbdev {
  const place = address?.kind === 'usb' ? address : undefined
  const { bus, device } = source.address ?? {}
  return {
    ...(bus !== undefined && { hostbus: bus }),
    ...(device !== undefined && { hostaddr: device }),
    ...(place && { controller: place.bus ?? 0 }),
    ...(place?.port !== undefined && { port: Number(place.port) }),
  }
}

/** An emulated USB device; what is no device of the host (`tablet`) is none here either. */
function fromUsbdevice(text: string): HostdevOf<'usb'> | undefined {
  if (!text.startsWith('host:')) return undefined
  const device = xlUsbdevice.parse(text)
  return { kind: 'usb', managed: false, source: 'vendor' in device ? device : { address: device } }
}

/**
 * The host device that an item of `pci`, `usbdev` or `usbdevice` stands for. `seize` is `managed`, `permissive` the
 * opposite of `writeFiltering`, and the virtual slot and the controller's port are where the guest sees the device.
 *
 * @param strict refuses what a hostdev cannot say: msitranslate, power_mgmt, rdm_policy; they are left out otherwise
 * @returns `undefined` for a usbdevice that the host does not have
 * @throws VirtError `invalid-argument`, `config-unsupported` for a device that is named or for all functions of a slot
 */
export function readXlDevice({ key, text }: XlDevice, { strict = false } = {}): HostdevDef | undefined {
  if (key === 'pci') return fromPciSpec(xlPciSpec.parse(text), strict)
  return key === 'usbdev' ? fromUsbdev(xlUsbdev.parse(text)) : fromUsbdevice(text)
}

/** @throws VirtError `config-unsupported`, which names what xl has no words for */
export function writeXlDevice(def: HostdevDef): XlDevice {
  const device = xlDevice(def)
  const missing = lost(def, readXlDevice(device)).filter((path) => path !== 'alias' || isChosen(def))
  if (missing.length > 0)
    throw new VirtError(
      'config-unsupported',
      `the ${describeHostdev(def)} has ${missing.join(', ')}, which xl has no words for; leave it out`,
    )
  return device
}

/** An alias that libvirt has made up says nothing. */
const isChosen = (def: HostdevDef | UsbControllerDef): boolean =>
  'alias' in def && def.alias?.startsWith('ua-') === true

function xlDevice(def: HostdevDef): XlDevice {
  switch (def.kind) {
    case 'pci':
      return { key: 'pci', text: xlPciSpec.format(toPciSpec(def)) }
    case 'usb':
      if (def.source.address?.device !== undefined) return { key: 'usbdev', text: xlUsbdev.format(toUsbdev(def)) }
      throw new VirtError(
        'config-unsupported',
        `the ${describeHostdev(def)} has no bus and device number, by which xl knows USB devices; look it up first`,
      )
    default:
      throw new VirtError('config-unsupported', `xl has no words for ${describeHostdev(def)}; it knows PCI and USB`)
  }
}

/** The controllers that QEMU is given for each version, by libvirt's names (tools/libs/light/libxl_usb.c). */
const models: Readonly<Record<number, string>> = { 1: 'piix3-uhci', 2: 'ehci', 3: 'nec-xhci' }

/** The controller that an item of `usbctrl` stands for; its index is its place in the list. */
export function readXlController(text: string, index: number): UsbControllerDef {
  const { type, version, ports } = xlUsbctrl.parse(text)
  const model = type === 'devicemodel' && version ? models[version] : undefined
  return {
    index,
    ...(type !== undefined && type !== 'auto' && { type }),
    ...(version && { version: version as 1 | 2 | 3 }),
    ...(ports && { ports }),
    ...(model !== undefined && { model }),
  }
}

/**
 * The item of `usbctrl` that stands for a controller, which is the one at `index` of the list.
 *
 * @throws VirtError `config-unsupported`, which names what xl has no words for
 */
export function writeXlController(def: UsbControllerDef, index: number): string {
  const { type, version, ports }: XlUsbctrl = def
  const text = xlUsbctrl.format({
    ...(type && { type }),
    ...(version && { version }),
    ...(ports && { ports }),
  })
  const { backend: _, state: __, ...said } = def
  const missing = lost(said, readXlController(text, index)).filter((path) => path !== 'alias' || isChosen(def))
  if (missing.length > 0)
    throw new VirtError(
      'config-unsupported',
      `the USB controller has ${missing.map((path) => `${path} ${def[path as keyof UsbControllerDef]}`).join(', ')}, which xl cannot say of number ${index} of its list`,
    )
  return text
}
