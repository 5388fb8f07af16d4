import type { HostFiles } from '../os/host-files.js'
import type { StateFolder } from '../os/state-folder.js'
import type { ManagedDevice, Step } from './change.js'
import { bootId } from './host-text.js'

/** Who has a device. */
export interface DeviceUser {
  /** The hypervisor, as libvirt names its drivers: QEMU, xenlight. */
  readonly driver: string
  readonly domain: string
  /** Whether others may have it at the same time, if they say so too. */
  readonly shareable?: boolean
}

/** What the book says of a device. Plain JSON. */
export interface DeviceRecord extends ManagedDevice {
  /** Tells the device from another that has come to its place since. */
  readonly inode: number
  /** How it was taken from its driver; the steps' reverse gives it back. */
  readonly detached?: { readonly driver: string; readonly steps: readonly Step[] }
  readonly users?: readonly DeviceUser[]
}

/**
 * Who has which device, and how the host gets it back: what this library knows that the kernel does not. One small file
 * a device, written by whoever holds the device's lock. Of no use after a reboot, and not used then.
 */
export class Book {
  readonly #state: StateFolder
  readonly #boot: string

  constructor({ state, files }: { state: StateFolder; files: HostFiles }) {
    this.#state = state
    this.#boot = bootId(files)
  }

  /** What is known of a device, if it is the one with that inode. */
  get(key: string, inode: number): DeviceRecord | undefined {
    const text = this.#state.read(`device-${key}`)
    if (text === undefined) return undefined
    const { boot, record } = JSON.parse(text) as { boot: string; record: DeviceRecord }
    return boot === this.#boot && record.inode === inode ? record : undefined
  }

  put(record: DeviceRecord): void {
    const name = `device-${record.key}`
    if (record.detached || record.users?.length) this.#state.replace(name, JSON.stringify({ boot: this.#boot, record }))
    else this.#state.remove(name)
  }
}
