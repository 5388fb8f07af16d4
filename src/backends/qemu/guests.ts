import { Batch } from '../../async/batch.js'
import type { CallOptions, DomainInfo } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { askGuest, isLibvirtPath, type QemuGuest } from './guest.js'
import type { Monitors } from './monitors.js'

/** The guests behind monitors, by name. */
export class QemuGuests {
  readonly #monitors: Monitors
  readonly #found = new Batch<string, QemuGuest | undefined>()

  constructor(monitors: Monitors) {
    this.#monitors = monitors
  }

  /** All that there are: those that run, and those that do not but are named. */
  async list({ signal }: CallOptions = {}): Promise<QemuGuest[]> {
    const paths = [...(await this.#monitors.paths())]
    const found = (await Promise.all(paths.map(([key, path]) => this.#ask(key, path)))).flat()
    signal?.throwIfAborted()
    return found.map((guest) => {
      const twin = found.some((other) => other !== guest && other.name === guest.name)
      return twin ? { ...guest, name: guest.key } : guest
    })
  }

  /** The one of that name or UUID, or whose monitor is called so. */
  async find(wanted: string, options: CallOptions = {}): Promise<QemuGuest | undefined> {
    const guest = await this.#found.get(wanted, () => this.#find(wanted, {}))
    options.signal?.throwIfAborted()
    return guest
  }

  async #find(wanted: string, options: CallOptions): Promise<QemuGuest | undefined> {
    // most guests are called as their monitors are: the others need not be asked then
    const path = (await this.#monitors.paths()).get(wanted)
    const [nearest] = path === undefined ? [] : await this.#ask(wanted, path)
    if (nearest?.name === wanted) return nearest
    const guests = await this.list(options)
    const uuid = wanted.toLowerCase()
    return (
      guests.find(({ name }) => name === wanted) ??
      guests.find((guest) => guest.uuid?.toLowerCase() === uuid) ??
      guests.find(({ key }) => key === wanted)
    )
  }

  /** The same; one that is not there is an error. @throws VirtError `no-domain` */
  async need(wanted: string, options: CallOptions = {}): Promise<QemuGuest> {
    const guest = await this.find(wanted, options)
    if (guest) return guest
    throw new VirtError('no-domain', `no monitor is that of a guest ${JSON.stringify(wanted.slice(0, 100))}`, {
      domain: wanted,
      backend: 'qemu',
    })
  }

  /**
   * The same, to change it.
   *
   * @throws VirtError `operation-invalid` for one that does not run, and for libvirt's, which libvirt alone may change
   */
  async needChangeable(wanted: string, options: CallOptions = {}): Promise<QemuGuest> {
    const guest = await this.need(wanted, options)
    const problem = guest.isLibvirts
      ? 'belongs to the libvirtd of this host, which has to know what it has; change it over qemu:///system'
      : guest.state === 'shutoff'
        ? 'is not running; put the device on its command line'
        : undefined
    if (problem === undefined) return guest
    throw new VirtError('operation-invalid', `the guest ${guest.name} ${problem}`, {
      domain: guest.name,
      backend: 'qemu',
    })
  }

  async #ask(key: string, path: string): Promise<QemuGuest[]> {
    const unknown = (state: DomainInfo['state']): QemuGuest => {
      return { name: key, state, key, path, isLibvirts: isLibvirtPath(path) }
    }
    // libvirtd is connected to it, so it would not answer
    if (isLibvirtPath(path)) return [unknown('nostate')]
    try {
      return [await this.#monitors.use(path, (qemu) => askGuest(qemu, key, path))]
    } catch (error) {
      if (VirtError.is(error, 'no-connection')) return this.#monitors.areNamed ? [unknown('shutoff')] : []
      if (VirtError.is(error, 'resource-busy', 'timeout', 'access-denied')) return [unknown('nostate')]
      throw error
    }
  }
}
