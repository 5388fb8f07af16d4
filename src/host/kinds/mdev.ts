import type { MdevDevice } from '../../model/kinds/mdev.js'
import { known } from '../../model/known.js'
import { bus, type HostKind } from '../kind.js'
import { parseNumber } from '../text.js'

/** Mediated devices that are there; those that are only defined, mdevctl knows. */
export const mdev: HostKind<'mdev'> = {
  kind: 'mdev',
  ...bus('mdev'),
  is: (device) => device.linkName('mdev_type') !== undefined,
  suffix: (device) => device.folderAbove,
  read(device) {
    const type = device.linkName('mdev_type')
    if (type === undefined) return undefined
    return known<MdevDevice>({
      type,
      uuid: device.sysname,
      parentAddress: device.folderAbove,
      iommuGroup: parseNumber(device.linkName('iommu_group') ?? ''),
    })
  },
}
