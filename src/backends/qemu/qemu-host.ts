import { Batch } from '../../async/batch.js'
import { Mutex } from '../../async/mutex.js'
import type { Queue } from '../../async/queue.js'
import type { DomainEvent } from '../../backend.js'
import type { LinuxHost } from '../../host/linux-host.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import type { QmpClient } from '../../wire/qmp/client.js'
import { type Machine, readMachine } from './buses.js'
import type { QemuGuest } from './guest.js'
import type { QemuGuests } from './guests.js'
import { type GuestHostdev, hostdevsOf } from './hostdevs.js'
import type { Monitors } from './monitors.js'

/** Devices and buses of a guest, and what of it is the host's. */
export interface GuestLook {
  readonly machine: Machine
  readonly hostdevs: readonly GuestHostdev[]
}

/** A host with QEMU guests: what the calls of the backend work with. */
export class QemuHost {
  readonly #looks = new Batch<string, GuestLook>()
  readonly #attaching = new Map<string, Mutex>()
  readonly #watches = new Set<Queue<DomainEvent>>()

  constructor(
    readonly linux: LinuxHost,
    readonly managed: ManagedHost,
    readonly monitors: Monitors,
    readonly guests: QemuGuests,
  ) {}

  /** What a guest has, as it is now; asked once for those that ask together. */
  async look(guest: QemuGuest): Promise<GuestLook> {
    return await this.#looks.get(guest.path, () =>
      this.monitors.use(guest.path, async (qemu) => {
        const machine = await readMachine(qemu)
        return { machine, hostdevs: await hostdevsOf(qemu, machine, this.managed, guest) }
      }),
    )
  }

  /** Changes of one guest whose outcome depends on what it has, one after the other. */
  async oneByOne<T>({ path }: QemuGuest, work: (qemu: QmpClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const mutex = this.#attaching.get(path) ?? new Mutex()
    this.#attaching.set(path, mutex)
    return await mutex.run(() => this.monitors.use(path, work), signal)
  }

  /** Tells those who watch what QEMU itself does not tell. */
  tell(event: DomainEvent): void {
    for (const watch of this.#watches) watch.push(event)
  }

  /** Has a watch hear what is told. */
  listen(watch: Queue<DomainEvent>): void {
    this.#watches.add(watch)
  }

  unlisten(watch: Queue<DomainEvent>): void {
    this.#watches.delete(watch)
  }
}
