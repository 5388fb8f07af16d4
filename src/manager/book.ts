import { VirtError } from '../errors.js'
import { bootId, exists } from '../host/plain-files.js'
import type { DeviceRecord, Step } from './change.js'
import { type DeviceUser, type Guests, isSameUser } from './guests.js'
import type { HostDevice, ManagedDevice } from './host-device.js'
import type { ManagedHost } from './managed-host.js'

/** How a device is taken from its driver: by which steps, and who holds it then. */
export interface Taking {
  readonly driver: string
  readonly steps: readonly Step[]
  /** Whether it was taken before, so that these steps are only more. */
  readonly isHeld?: boolean
}

/** What the book says of how a device was taken, once it is. */
export const detachedBy = (
  { driver, steps, isHeld }: Taking,
  record: DeviceRecord | undefined,
): DeviceRecord['detached'] => {
  if (steps.length === 0) return record?.detached
  return isHeld && record?.detached
    ? { ...record.detached, steps: [...record.detached.steps, ...steps] }
    : { driver, steps }
}

/**
 * Who has which device, and how the host gets it back: what this library knows that the kernel does not. One small file
 * a device, written by whoever holds the device's lock. Of no use after a reboot, and not used then.
 */
export class Book {
  readonly #host: Pick<ManagedHost, 'files' | 'state' | 'guests'>
  readonly #boot: string

  constructor(host: Pick<ManagedHost, 'files' | 'state' | 'guests'>) {
    this.#host = host
    this.#boot = bootId(host.files)
  }

  /**
   * What is known of a device, without the users that have lost it since.
   *
   * @param leaving - a guest that is left out as well, without being asked
   */
  async get(
    { key, inode }: Pick<HostDevice, 'key' | 'inode'>,
    { leaving }: { readonly leaving?: DeviceUser } = {},
  ): Promise<DeviceRecord | undefined> {
    const record = this.read(key)
    if (record?.inode !== inode) return undefined
    const users = record.users?.filter((user) => !leaving || !isSameUser(user, leaving)) ?? []
    return { ...record, users: await this.#having(users, record) }
  }

  /** Every record, as it was written. */
  all(): DeviceRecord[] {
    const names = this.#host.state.names().filter((name) => name.startsWith(prefix) && !name.endsWith('.new'))
    return names.sort().flatMap((name) => this.read(name.slice(prefix.length)) ?? [])
  }

  /** Those of some users that have a device still. */
  async #having(known: readonly DeviceUser[], device: ManagedDevice): Promise<readonly DeviceUser[]> {
    const { guests, files } = this.#host
    const users = known.filter(({ until }) => until === undefined || !exists(files, until))
    if (!guests) return users
    const has = await Promise.all(users.map((user) => stillHas(guests, user, device)))
    return users.filter((_, index) => has[index])
  }

  put({ key, name, inode, detached, users = [] }: DeviceRecord): void {
    const { state } = this.#host
    if (!detached && users.length === 0) state.remove(prefix + key)
    else {
      const record = { key, name, inode, ...(detached && { detached }), users } satisfies DeviceRecord
      state.replace(prefix + key, JSON.stringify({ boot: this.#boot, record }))
    }
  }

  /** What was written of a device, or of another that was at its place; by key. */
  read(key: string): DeviceRecord | undefined {
    const text = this.#host.state.read(prefix + key)
    if (text === undefined) return undefined
    const { boot, record } = JSON.parse(text) as { boot: string; record: DeviceRecord }
    return boot === this.#boot ? record : undefined
  }
}

/** A guest that cannot be asked just now is believed to have what the book says. */
async function stillHas(guests: Guests, user: DeviceUser, device: ManagedDevice): Promise<boolean> {
  try {
    return await guests.has(user, device)
  } catch (error) {
    if (VirtError.is(error)) return true
    throw error
  }
}

const prefix = 'device-'
