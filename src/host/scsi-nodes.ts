import { VirtError } from '../errors.js'
import { Denied, type HostFiles } from '../os/host-files.js'
import { namesIn } from './plain-files.js'

/** Where a SCSI logical unit sits. */
export interface ScsiAddress {
  readonly host: number
  readonly bus: number
  readonly target: number
  /** In decimal digits, for it may have 64 bits. */
  readonly unit: number | string
}

/**
 * The host number in an adapter's name, which guests' documents spell `scsi_host5` (`virSCSIDeviceGetAdapterId`).
 *
 * @throws VirtError `invalid-argument`
 */
export function scsiHostNumber(adapter: string): number {
  const [, digits] = /^scsi_host(\d{1,9})$/.exec(adapter) ?? []
  if (digits !== undefined) return Number(digits)
  throw new VirtError(
    'invalid-argument',
    `'${adapter.slice(0, 100)}' is not the name of a SCSI adapter; write it like scsi_host5`,
  )
}

/**
 * Kernel names of the nodes through which a SCSI logical unit is used, such as `sg8` and `sdh`; which of them there are
 * depends on the drivers (`virSCSIDeviceGetSgName`, `virSCSIDeviceGetDevName`).
 *
 * @throws VirtError `no-node-device` when there is no such unit
 */
export function scsiNodes(files: HostFiles, address: ScsiAddress): { generic?: string; block?: string } {
  const name = [address.host, address.bus, address.target, address.unit].join(':')
  const folder = `/sys/bus/scsi/devices/${name}`
  if (files.list(folder) instanceof Denied)
    throw new VirtError('no-node-device', `there is no SCSI device ${name} on this host; list those of kind scsi`, {
      path: folder,
    })
  const first = (kind: string): string | undefined => namesIn(files, `${folder}/${kind}`)[0]
  const [generic, block] = [first('scsi_generic'), first('block')]
  return { ...(generic !== undefined && { generic }), ...(block !== undefined && { block }) }
}
