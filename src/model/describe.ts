import type { Identified } from './kinds/pci.js'
import type { Capability, CapabilityKind, CapabilityOf, NodeDeviceDef } from './node-device.js'

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** A size in bytes for people: `32 GiB`, `1.4 MiB`. */
export function formatSize(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const value = bytes / 1024 ** power
  return `${value >= 10 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}

const hexId = (id: number | undefined) => (id ?? 0).toString(16).padStart(4, '0')

const maker = (vendor: Identified | undefined, product: Identified | undefined): string =>
  `${words(vendor?.name, product?.name) || 'unknown'} [${hexId(vendor?.id)}:${hexId(product?.id)}]`

const words = (...parts: (string | number | false | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== false && part !== '').join(' ')

type Describers = { readonly [K in CapabilityKind]?: (capability: CapabilityOf<K>) => string }

const describers: Describers = {
  system: (it) => words(it.hardware.vendor, it.product, it.hardware.version),
  pci: (it) => maker(it.vendor, it.product),
  usb_device: (it) => maker(it.vendor, it.product),
  usb: (it) => `interface ${it.number}, class ${it.class}`,
  net: (it) =>
    words(
      it.interface,
      it.type && `(${it.type})`,
      it.address,
      it.link?.state,
      it.link?.speed !== undefined && `${it.link.speed} Mb/s`,
    ),
  scsi_host: (it) => words(`host ${it.host}`, it.fcHost && `WWPN ${it.fcHost.wwpn}`),
  scsi_target: (it) => it.target,
  scsi: (it) => words(`${it.host}:${it.bus}:${it.target}:${it.lun}`, it.type),
  storage: (it) => words(it.block, it.driveType, it.vendor, it.model, it.size !== undefined && formatSize(it.size)),
  scsi_generic: (it) => it.char,
  drm: (it) => `${it.type} node`,
  mdev: (it) => it.type,
  mdev_types: (it) => `${it.types.length} types of mediated device`,
  vdpa: (it) => words(it.chardev),
  sound: (it) => words(`card ${it.card}`, it.id),
  input: (it) => words(it.label, it.uses && `(${it.uses.join(', ')})`),
  other: (it) => it.type,
}

/**
 * One line that says what a capability is: `Intel Corporation 82801I [8086:2922]`. Device strings stand as they are.
 */
export function describeCapability(capability: Capability): string {
  const describe = describers[capability.kind] as ((capability: Capability) => string) | undefined
  return describe?.(capability) ?? ''
}

/** One line that says what a device is, for lists and prompts. */
export const describeDevice = (def: NodeDeviceDef): string => def.capabilities.map(describeCapability).join('; ')
