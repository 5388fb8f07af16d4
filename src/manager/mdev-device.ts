import { textOf } from '../host/plain-files.js'
import type { HostFiles } from '../os/host-files.js'
import { type HostDevice, hostDevice } from './host-device.js'

/** A mediated device. */
export interface MdevDevice extends HostDevice {
  /** What a guest must take it for: vfio-pci, vfio-ccw, vfio-ap. */
  readonly deviceApi?: string
}

/** Reads a mediated device by its UUID. @throws VirtError `device-missing` (libvirt's 99) */
export function readMdevDevice(files: HostFiles, uuid: string, name = `mdev_${uuid}`): MdevDevice {
  const device = hostDevice(files, 'mdev', uuid, name)
  const deviceApi = textOf(files, `${device.folder}/mdev_type/device_api`)
  return { ...device, ...(deviceApi !== undefined && { deviceApi }) }
}
