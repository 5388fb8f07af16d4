import type { ManagedDevice, Step } from './change.js'
import type { HostDevice } from './host-device.js'
import { bootId } from './host-text.js'
import type { ManagedHost } from './managed-host.js'

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
  readonly #host: Pick<ManagedHost, 'files' | 'state' | 'stillHas'>
  readonly #boot: string

  constructor(host: Pick<ManagedHost, 'files' | 'state' | 'stillHas'>) {
    this.#host = host
    this.#boot = bootId(host.files)
  }

  /** What is known of a device, without the users that have lost it since. */
  async get({ key, inode }: Pick<HostDevice, 'key' | 'inode'>): Promise<DeviceRecord | undefined> {
    const record = this.#read(prefix + key)
    if (record?.inode !== inode) return undefined
    const { stillHas } = this.#host
    if (!stillHas || !record.users) return record
    const users: DeviceUser[] = []
    for (const user of record.users) if (await stillHas(user, record)) users.push(user)
    return { ...record, users }
  }

  put({ key, name, inode, detached, users = [] }: DeviceRecord): void {
    const { state } = this.#host
    if (!detached && users.length === 0) state.remove(prefix + key)
    else {
      const record = { key, name, inode, ...(detached && { detached }), users } satisfies DeviceRecord
      state.replace(prefix + key, JSON.stringify({ boot: this.#boot, record }))
    }
  }

  #read(name: string): DeviceRecord | undefined {
    const text = this.#host.state.read(name)
    if (text === undefined) return undefined
    const { boot, record } = JSON.parse(text) as { boot: string; record: DeviceRecord }
    return boot === this.#boot ? record : undefined
  }
}

const prefix = 'device-'
