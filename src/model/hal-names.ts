import { halFolder } from './dialects/device-2008.js'
import {
  type Capability,
  type CapabilityKind,
  type CapabilityOf,
  capabilityOf,
  type NodeDeviceDef,
} from './node-device.js'

// HAL named devices by what they are, not by where they sit (hald/linux/device.c and blockdev.c of HAL 0.5), and gave
// those of one name the endings _0, _1… in the order in which it saw them, which nobody knows today.
const ending = '(?:_\\d+)?'

/**
 * HAL's spelling, in which every character but ASCII letters and digits is an underscore; harmless in an expression.
 */
const canonical = (text: string): string => text.replace(/[^A-Za-z0-9]/g, '_')

const hex = (id: number): string => id.toString(16)

/**
 * The names that a device of a kind may have had, as regular expressions. `above` is the name of the device above it.
 */
type Namer<K extends CapabilityKind> = (capability: CapabilityOf<K>, above: string) => string

const namers: { readonly [K in CapabilityKind]?: Namer<K> } = {
  system: () => 'computer',
  pci: ({ vendor, product }) => `pci_${hex(vendor.id)}_${hex(product.id)}`,

  usb_device({ vendor, product, serial }) {
    // the kernel's root hubs had no ids in 2008; not every host tells serial numbers
    const ids = `${hex(vendor.id)}_${hex(product.id)}`
    const known = vendor.id === 0x1d6b ? `(?:${ids}|0_0)` : ids
    return `usb_device_${known}_${serial === undefined ? '\\w+' : canonical(serial)}`
  },
  usb: ({ number }, above) => `${above}_if${number}`,

  net({ interface: name, address = '00:00:00:00:00:00' }, above) {
    if (/[1-9a-f]/i.test(address)) return `net_${canonical(address)}`
    return name === 'lo' ? `net_${above}_loopback` : `net_${above}`
  },

  storage({ serial, model }, above) {
    // udev began serial numbers with the bus then
    if (serial !== undefined) return `storage_serial_(?:[A-Z]+_)?${canonical(serial)}`
    return model === undefined ? `${above}_storage\\w*` : `storage_model_${canonical(model)}`
  },
  scsi_host: (_, above) => `${above}_scsi_host(?:${ending}_scsi_host)?`,
  scsi: ({ lun }, above) => `${above}_scsi_device_lun${lun}`,
  scsi_generic: (_, above) => `${above}_scsi_generic`,
  input: (_, above) => `${above}_logicaldev_input`,
  sound: ({ card }, above) => `${above}_sound_card_${card}`,
}

/** Whether a key is HAL's: a udi, or its last part. Anything else with a slash is a path. */
export const isHalKey = (key: string): boolean => key.startsWith(halFolder) || !key.includes('/')

/** Devices are not nested deeper, whatever a document says of its parent. */
const deepest = 32

/**
 * The devices that HAL may have called so: `/org/freedesktop/Hal/devices/pci_8086_27da`, or `pci_8086_27da` for short.
 * Several where they are alike; those that need no ending to match come alone.
 */
export function halCandidates(defs: readonly NodeDeviceDef[], key: string): NodeDeviceDef[] {
  const wanted = key.startsWith(halFolder) ? key.slice(halFolder.length) : key
  const byName = new Map(defs.map((def) => [def.name, def]))

  function parentOf({ parent = '' }: NodeDeviceDef): NodeDeviceDef | undefined {
    const above = byName.get(parent)
    // HAL had no SCSI targets
    return above && capabilityOf(above, 'scsi_target') ? byName.get(above.parent ?? '') : above
  }
  function nameOf(def: NodeDeviceDef, depth = 0): string | undefined {
    const parent = depth < deepest ? parentOf(def) : undefined
    const above = parent && nameOf(parent, depth + 1)
    const place = above === undefined ? 'computer' : above + ending
    for (const capability of def.capabilities) {
      const namer = namers[capability.kind] as ((capability: Capability, above: string) => string) | undefined
      if (namer) return namer(capability, place)
    }
    return undefined
  }
  const names = defs.map((def) => ({ def, name: nameOf(def) })).filter(({ name }) => name !== undefined)
  const alike = (suffix: string) =>
    names.filter(({ name }) => new RegExp(`^${name}${suffix}$`).test(wanted)).map(({ def }) => def)

  const exact = alike('')
  return exact.length > 0 ? exact : alike(ending)
}
