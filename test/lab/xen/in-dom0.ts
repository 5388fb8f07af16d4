import { readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { VirtError } from '../../../src/index.js'

/** The driver that dom0's kernel has bound to a device of a bus. */
export function driverOf(bus: 'pci' | 'usb', device: string): string | null {
  try {
    return basename(readlinkSync(`/sys/bus/${bus}/devices/${device}/driver`))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** `done`, or the code of the error. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'done'
  } catch (error) {
    return VirtError.is(error) ? error.code : String(error)
  }
}
