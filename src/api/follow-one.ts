import { type Backend, type DeviceEvent, type DomainInfo, need } from '../backend.js'
import { VirtError } from '../errors.js'
import type { HostdevDef } from '../model/hostdev.js'
import { isHostDevice, sameHostDevice } from '../model/hostdev-match.js'
import { findHostdev } from '../model/hostdev-target.js'
import type { NodeDeviceDef } from '../model/node-device.js'
import type { DeviceSelector } from '../model/selector.js'
import { defsMeant, defsOf } from './devices-meant.js'
import { domainsOf } from './domains-of.js'
import type { FollowEvent } from './follow-event.js'
import { type FollowLimit, Pace } from './follow-pace.js'
import { proposed } from './proposed.js'

/** A device of the host, and the guest that is to have it. */
export interface FollowRule {
  /** Name of the guest; it may come later. */
  readonly domain: string
  readonly device: DeviceSelector
  /** 10 times within a minute unless told. */
  readonly limit?: FollowLimit
}

/** What is said, of the guest that is meant. */
type Said = FollowEvent extends infer E ? (E extends FollowEvent ? Omit<E, 'domain'> : never) : never

interface Held {
  readonly device: string
  readonly hostdev: HostdevDef
  /** Number of the guest that has it: another after a restart. */
  readonly guest: number | undefined
  /** Whether it is known to have been unplugged. */
  lost: boolean
}

/** Errors of what will not be otherwise next time. */
const lasting = [
  'unsupported',
  'read-only',
  'config-unsupported',
  'argument-unsupported',
  'operation-unsupported',
  'invalid-argument',
] as const

/** Follows one device: whenever something has happened it compares what is with what should be, and mends that. */
export class FollowOne {
  readonly #backend: Backend
  readonly #rule: FollowRule
  readonly #say: (event: FollowEvent) => void
  readonly #signal: AbortSignal
  readonly #pace: Pace
  #held: Held | undefined
  /**
   * The device that somebody has taken from the guest: it is left alone until it is replugged or the guest restarts.
   */
  #leftAlone: string | undefined
  #waiting = ''
  #timer: NodeJS.Timeout | undefined
  #dirty = false
  #work: Promise<void> | undefined

  constructor(backend: Backend, rule: FollowRule, say: (event: FollowEvent) => void, signal: AbortSignal) {
    this.#backend = backend
    this.#rule = rule
    this.#say = say
    this.#signal = signal
    this.#pace = new Pace(rule.limit ?? { times: 10, within: 60_000 })
  }

  /** A device has come, gone or changed. */
  onDevice({ kind, device }: DeviceEvent): void {
    if (kind === 'deleted' && device === this.#leftAlone) this.#leftAlone = undefined
    if (kind === 'deleted' && device === this.#held?.device && !leavesHost(this.#held.hostdev)) this.#held.lost = true
    if (kind !== 'created' && kind !== 'deleted' && kind !== 'updated') return
    this.#pace.relax()
    this.look()
  }

  /** A guest has started or stopped, or got or lost a device. */
  onDomain(domain: string): void {
    if (domain !== this.#rule.domain) return
    this.#pace.relax()
    this.look()
  }

  /** Looks again, now or when the look under way has ended. */
  look(): void {
    this.#dirty = true
    this.#work ??= this.#loop()
  }

  /** Ends; the guest keeps the device unless it is to be released. */
  async end(release: boolean): Promise<void> {
    clearTimeout(this.#timer)
    await this.#work
    const held = this.#held
    if (!release || !held) return
    await this.#takeBack(held.hostdev)
    this.#tell({ kind: 'detached', device: held.device, reason: 'released' })
  }

  async #loop(): Promise<void> {
    try {
      while (this.#dirty && !this.#signal.aborted) {
        this.#dirty = false
        clearTimeout(this.#timer)
        try {
          await this.#settle()
        } catch (error) {
          // what has changed meanwhile may be the reason, and is looked at first
          this.#dirty ||= VirtError.is(error, 'operation-invalid', 'no-domain') && !(await this.#runs())
          if (!this.#dirty && !this.#signal.aborted) this.#failed(error)
        }
      }
    } finally {
      this.#work = undefined
    }
  }

  async #settle(): Promise<void> {
    const info = await this.#runs()
    if (!info) {
      this.#held = this.#leftAlone = undefined
      return this.#wait('guest')
    }
    if (this.#held && this.#held.guest !== info.id) this.#held = this.#leftAlone = undefined
    if (this.#held) await this.#check(this.#held)
    if (!this.#held) await this.#attach(info)
  }

  /** Whether what the guest has is still what it was given, and on the host. */
  async #check(held: Held): Promise<void> {
    const def = await this.#backend.devices.lookup(held.device, {})
    // another number says that it is another device, though it has the same name
    const isThere = leavesHost(held.hostdev) || (def !== undefined && isHostDevice(def, held.hostdev))
    const theirs = findHostdev(await this.#hostdevs(), placeOf(held.hostdev))
    if (isThere && !held.lost) {
      if (theirs) return
      this.#leftAlone = held.device
    } else if (theirs) await this.#takeBack(theirs)
    this.#held = undefined
    const reason = isThere && !held.lost ? 'taken' : 'unplugged'
    this.#tell({ kind: 'detached', device: held.device, reason })
  }

  async #attach(info: DomainInfo): Promise<void> {
    const defs: NodeDeviceDef[] = []
    for await (const def of defsMeant(this.#backend, this.#rule.device, {})) defs.push(def)
    const [def, ...others] = defs
    if (!def) return this.#wait('device')
    if (others.length > 0) return this.#wait('choice', defs.map(({ name }) => name).sort())
    const { hostdev, device } = await proposed(this.#backend, def, {})
    if (device.name === this.#leftAlone) return
    const hostdevs = await this.#hostdevs()
    // ids alone may be those of what the guest had before a replug
    const isIt = (each: HostdevDef) =>
      isHostDevice(device, hostdev) ? isHostDevice(device, each) : sameHostDevice(each, hostdev)
    const there = hostdevs.find(isIt)
    const hold = (theirs: HostdevDef) => {
      this.#held = { device: device.name, hostdev: theirs, guest: info.id, lost: false }
      this.#pace.relax()
    }
    if (there) {
      hold(there)
      return this.#tell({ kind: 'attached', device: device.name, hostdev: there, already: true })
    }
    const milliseconds = this.#pace.wait()
    if (milliseconds > 0) {
      this.#lookIn(milliseconds)
      return this.#tell({ kind: 'paused', device: device.name, milliseconds })
    }
    this.#pace.begin()
    for (const stale of await this.#stale(hostdevs, hostdev)) await this.#takeBack(stale)
    const attached = await domainsOf(this.#backend).attach(this.#rule.domain, hostdev, { live: true })
    hold(attached)
    this.#tell({ kind: 'attached', device: device.name, hostdev: attached })
  }

  /** The guest, if it runs. */
  async #runs(): Promise<DomainInfo | undefined> {
    const info = await domainsOf(this.#backend).lookup(this.#rule.domain, {})
    return info?.state === 'shutoff' || info?.state === 'crashed' ? undefined : info
  }

  async #hostdevs(): Promise<HostdevDef[]> {
    return await domainsOf(this.#backend).hostdevs(this.#rule.domain, { live: true })
  }

  /** What is left in the guest of the same USB device as it was before a replug that nobody saw. */
  async #stale(hostdevs: readonly HostdevDef[], { kind, source }: HostdevDef & { source?: unknown }) {
    const { vendor, product } = (source ?? {}) as { vendor?: number; product?: number }
    const old = hostdevs.filter(
      (each) =>
        kind === 'usb' && each.kind === 'usb' && each.source.vendor === vendor && each.source.product === product,
    )
    if (old.length === 0) return []
    const present: NodeDeviceDef[] = []
    for await (const def of defsOf(this.#backend, { capability: 'usb_device' }, {})) present.push(def)
    return old.filter((each) => !present.some((def) => isHostDevice(def, each)))
  }

  /** Takes a device from the guest; one that has none of it is fine. */
  async #takeBack(hostdev: HostdevDef): Promise<void> {
    try {
      await domainsOf(this.#backend).detach(this.#rule.domain, placeOf(hostdev), { live: true })
    } catch (error) {
      if (!VirtError.is(error, 'device-missing', 'no-domain', 'operation-invalid')) throw error
    }
  }

  #failed(reason: unknown): void {
    const error = VirtError.is(reason) ? reason : new VirtError('internal', String(reason), { cause: reason })
    if (VirtError.is(error, ...lasting)) {
      this.#tell({ kind: 'failed', error })
      return
    }
    const retryIn = this.#pace.failed()
    this.#lookIn(retryIn)
    this.#tell({ kind: 'failed', error, retryIn })
  }

  #lookIn(milliseconds: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.look(), milliseconds)
  }

  #wait(what: 'device' | 'guest' | 'choice', candidates?: readonly string[]): void {
    const state = JSON.stringify([what, candidates])
    if (state === this.#waiting) return
    this.#tell({ kind: 'waiting', for: what, ...(candidates && { candidates }) })
    this.#waiting = state
  }

  #tell(event: Said): void {
    this.#waiting = ''
    this.#say({ ...event, domain: this.#rule.domain } as FollowEvent)
  }
}

/** A network interface that a container has is on the host no more. */
const leavesHost = ({ kind }: HostdevDef): boolean => kind === 'net'

/** What in a guest is meant: by its alias where it has one, since the same numbers may be another device's by now. */
const placeOf = (def: HostdevDef) => ('alias' in def && typeof def.alias === 'string' ? { alias: def.alias } : def)

/** What following needs of a backend. @throws VirtError `unsupported` */
export function needFollowing(backend: Backend): void {
  domainsOf(backend)
  need(backend, backend.devices, 'watch')
}
