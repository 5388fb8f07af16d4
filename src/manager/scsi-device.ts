import { generateName } from '../host/names.js'
import { namesIn } from '../host/plain-files.js'
import type { HostFiles } from '../os/host-files.js'
import { type HostDevice, hostDevice } from './host-device.js'

/** A SCSI logical unit, which a guest has by its generic node. */
export interface ScsiUnit extends HostDevice {
  /** /dev/sg3; absent while the module sg is not loaded. */
  readonly node?: string
}

/** Reads a unit by the kernel's name for it, `0:0:1:0`. @throws VirtError `device-missing` */
export function readScsiUnit(files: HostFiles, sysname: string): ScsiUnit {
  const device = hostDevice(files, 'scsi', sysname, generateName('scsi', sysname))
  const [generic] = namesIn(files, `${device.folder}/scsi_generic`)
  return { ...device, ...(generic !== undefined && { node: `/dev/${generic}` }) }
}
