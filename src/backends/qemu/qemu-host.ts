import { Mutex } from '../../async/mutex.js'
import type { Queue } from '../../async/queue.js'
import type { DomainEvent } from '../../backend.js'
import type { LinuxHost } from '../../host/linux-host.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import type { QmpClient } from '../../wire/qmp/client.js'
import type { QemuGuest } from './guest.js'
import type { QemuGuests } from './guests.js'
import type { Monitors } from './monitors.js'

/** A host with QEMU guests: what the calls of the backend work with. */
export class QemuHost {
  readonly #attaching = new Map<string, Mutex>()
  readonly #watches = new Set<Queue<DomainEvent>>()

  constructor(
    readonly linux: LinuxHost,
    readonly managed: ManagedHost,
    readonly monitors: Monitors,
    readonly guests: QemuGuests,
  ) {}

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
