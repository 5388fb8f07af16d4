import type { Warning } from '../backend.js'
import { Denied, type HostFiles } from '../os/host-files.js'
import type { SysfsDevice } from './sysfs-device.js'

interface Remembered {
  fixed?: { readonly inode: number; readonly value: unknown }
  warnings: readonly Warning[]
}

/** What is kept of devices between two looks at a host: facts that cannot change, and what was found odd. */
export class DeviceMemory {
  readonly #files: HostFiles
  /** By the folder that lists the devices, then by the kernel's name. */
  readonly #devices = new Map<string, Map<string, Remembered>>()

  constructor(files: HostFiles) {
    this.#files = files
  }

  /**
   * Makes a value once for a device. The inode tells when another device has taken its place; the time of a folder in
   * sysfs tells nothing. What was odd is asked for again.
   */
  fixed<T>(device: SysfsDevice, make: () => T): T {
    const stat = this.#files.stat(device.at)
    const entry = this.#entry(device)
    if (!(stat instanceof Denied) && entry.fixed?.inode === stat.inode) return entry.fixed.value as T
    const before = device.warnings.length
    const value = make()
    if (!(stat instanceof Denied) && device.warnings.length === before) entry.fixed = { inode: stat.inode, value }
    return value
  }

  /** Keeps what was found odd about a device this time, in place of what was last time. */
  note(device: SysfsDevice): void {
    if (device.warnings.length > 0 || this.#devices.get(folderOf(device))?.has(device.sysname))
      this.#entry(device).warnings = device.warnings
  }

  /** Forgets the devices of a folder that are gone. */
  keepOnly(folder: string, names: readonly string[]): void {
    const known = this.#devices.get(folder)
    if (!known) return
    const there = new Set(names)
    for (const name of known.keys()) if (!there.has(name)) known.delete(name)
  }

  warnings(): Warning[] {
    return [...this.#devices.values()].flatMap((devices) => [...devices.values()].flatMap(({ warnings }) => warnings))
  }

  #entry(device: SysfsDevice): Remembered {
    const folder = folderOf(device)
    const devices = this.#devices.get(folder) ?? new Map<string, Remembered>()
    this.#devices.set(folder, devices)
    const entry = devices.get(device.sysname) ?? { warnings: [] }
    devices.set(device.sysname, entry)
    return entry
  }
}

const folderOf = ({ at }: SysfsDevice): string => at.slice(0, at.lastIndexOf('/'))
