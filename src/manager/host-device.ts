import { VirtError } from '../errors.js'
import { realPath } from '../host/plain-files.js'
import type { NodeDeviceDef } from '../model/node-device.js'
import { Denied, type HostFiles } from '../os/host-files.js'

/** A device that is changed. */
export interface ManagedDevice {
  /** Its bus and the kernel's name for it, `pci-0000:02:00.0`: what locks and records are called by. */
  readonly key: string
  /** Name of the node device, for messages. */
  readonly name: string
}

/** A device of the host, and where it is. */
export interface HostDevice extends ManagedDevice {
  /** Its folder, by way of its bus. */
  readonly folder: string
  /** The same below /sys/devices. */
  readonly real: string
  /** Tells it from another that takes its place. */
  readonly inode: number
}

/**
 * Finds the device in a folder of its bus.
 *
 * @throws VirtError `device-missing` (libvirt's 99)
 */
export function hostDevice(files: HostFiles, bus: string, sysname: string, name: string): HostDevice {
  const folder = `/sys/bus/${bus}/devices/${sysname}`
  const real = realPath(files, folder)
  const stat = real === undefined ? undefined : files.stat(real)
  if (real === undefined || stat === undefined || stat instanceof Denied)
    throw new VirtError('device-missing', `${name} is not on this host: there is no ${folder}`, { device: name })
  return { key: `${bus}-${sysname}`, name, folder, real, inode: stat.inode }
}

/** The kernel's name for a device: the last step of its path. */
export const sysnameOf = ({ path = '' }: NodeDeviceDef): string => path.slice(path.lastIndexOf('/') + 1)
