import { VirtError } from '../errors.js'
import type { MdevDevice, MdevType } from './kinds/mdev.js'
import { capabilityOf, type NodeDeviceDef } from './node-device.js'
import { formatPciAddress } from './pci-address.js'

/**
 * What mdevctl calls a parent: the address of a PCI function or a channel device, or a name below /sys/class/mdev_bus.
 *
 * @returns `undefined` for a device that cannot be one
 */
export function mdevParentAddress(def: NodeDeviceDef): string | undefined {
  const pci = capabilityOf(def, 'pci')
  if (pci) return formatPciAddress(pci)
  const channel = capabilityOf(def, 'css') ?? capabilityOf(def, 'ccw')
  if (channel) {
    const hex = (value: number) => value.toString(16)
    return `${hex(channel.cssid)}.${hex(channel.ssid)}.${hex(channel.devno).padStart(4, '0')}`
  }
  if (capabilityOf(def, 'ap_matrix')) return 'matrix'
  return capabilityOf(def, 'mdev_types') && def.path?.split('/').at(-1)
}

/** The name of a mediated device: its UUID may be defined below several parents (`nodeDeviceGenerateName`). */
export const mdevName = (uuid: string, parentAddress: string): string =>
  `mdev_${uuid}_${parentAddress}`.replace(/[^A-Za-z0-9]/g, '_')

/**
 * The parent of a mediated device that is to be made, and what mdevctl calls it (`nodeDeviceObjFormatAddress`).
 *
 * @param parent - the device of that name, if there is one
 * @throws VirtError `config-unsupported` (libvirt's 67)
 */
export function needMdevParent(
  def: NodeDeviceDef,
  parent: NodeDeviceDef | undefined,
): { parent: NodeDeviceDef; address: string } {
  const address = parent && mdevParentAddress(parent)
  if (parent && address !== undefined) return { parent, address }
  throw new VirtError(
    'config-unsupported',
    `${def.name}: the parent ${JSON.stringify(def.parent ?? '')} is no device that can have mediated devices`,
    { device: def.name },
  )
}

/**
 * The type of a mediated device that is to be made now.
 *
 * @throws VirtError `internal` (libvirt's 1, which it has from mdevctl) for a type that the parent has not, or of which
 * it can make no more
 */
export function needMdevType(parent: NodeDeviceDef, { type: wanted }: Pick<MdevDevice, 'type'>): MdevType {
  const types = mdevTypesOf(parent)
  const found = types.find(({ id }) => id === wanted)
  if (!found)
    throw new VirtError('internal', `${parent.name} has no mediated devices of the type ${JSON.stringify(wanted)}`, {
      device: parent.name,
      candidates: types.map(({ id }) => id),
    })
  if (found.availableInstances === 0)
    throw new VirtError('internal', `${parent.name} has no more room for a mediated device of the type ${found.id}`, {
      device: parent.name,
    })
  return found
}

/** The types of mediated devices that a device offers. */
export function mdevTypesOf({ capabilities }: NodeDeviceDef): MdevType[] {
  return capabilities.flatMap((each) => {
    if ('mdevTypes' in each) return each.mdevTypes ?? []
    return each.kind === 'mdev_types' ? each.types : []
  })
}
