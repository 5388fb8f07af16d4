import { linkName, namesIn } from '../host/plain-files.js'
import type { HostFiles } from '../os/host-files.js'

/** Nodes that whoever uses a device by VFIO has open: that of its IOMMU group, or its own by way of iommufd. */
export function vfioNodes(files: HostFiles, folder: string): string[] {
  const devices = namesIn(files, `${folder}/vfio-dev`).map((name) => `/dev/vfio/devices/${name}`)
  const group = linkName(files, `${folder}/iommu_group`)
  return group === undefined ? devices : [`/dev/vfio/${group}`, `/dev/vfio/noiommu-${group}`, ...devices]
}
