import type { MdevType } from '../../model/kinds/mdev.js'
import { deviceClass, type HostKind } from '../kind.js'
import type { Survey } from '../survey.js'
import type { SysfsDevice } from '../sysfs-device.js'
import { inSysfsOrder } from '../sysfs-order.js'

const folder = 'mdev_supported_types'

/**
 * Types of mediated devices that a device offers (Documentation/driver-api/vfio-mediated-device.rst). One that lacks
 * what it must have is left out.
 */
export function readMdevTypes(device: SysfsDevice, { compat }: Survey): MdevType[] | undefined {
  if (!device.has(folder)) return undefined
  const ids = device.list(folder)
  const types = (compat ? inSysfsOrder(ids) : ids.sort()).map((id) => readType(device, id))
  return types.filter((type) => type !== undefined)
}

function readType(device: SysfsDevice, id: string): MdevType | undefined {
  const name = device.text(`${folder}/${id}/name`)
  const deviceApi = device.text(`${folder}/${id}/device_api`)
  const availableInstances = device.number(`${folder}/${id}/available_instances`)
  if (deviceApi !== undefined && availableInstances !== undefined)
    return { id, ...(name !== undefined && { name }), deviceApi, availableInstances }
  device.warn(`${folder}/${id}`, 'has no device_api or no available_instances')
  return undefined
}

/** The kernel's sample driver of mediated devices, the one parent that is no device of another kind. */
export const mdevTypes: HostKind<'mdev_types'> = {
  kind: 'mdev_types',
  ...deviceClass('mtty'),
  is: (device) => device.has(folder),
  read(device, survey) {
    const types = readMdevTypes(device, survey)
    return types && { types }
  },
}
