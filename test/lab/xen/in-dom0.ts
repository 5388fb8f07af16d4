import { readlinkSync } from 'node:fs'
import { basename } from 'node:path'

/** The driver that dom0's kernel has bound to a device of a bus. */
export function driverOf(bus: 'pci' | 'usb', device: string): string | null {
  try {
    return basename(readlinkSync(`/sys/bus/${bus}/devices/${device}/driver`))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
