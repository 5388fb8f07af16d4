import { turn } from '../async/turn.js'
import type { CallOptions } from '../backend.js'
import type { IdDatabase } from './id-database.js'
import type { SysfsDevice } from './sysfs-device.js'

/** How long the event loop may be kept at a stretch, in milliseconds. */
const slice = 5

/** What outlasts a single call: names of numbers, and what cannot change of a device while it is there. */
export interface HostKnowledge {
  readonly pciIds: IdDatabase
  readonly usbIds: IdDatabase
  /** Makes a value once for a device, and again only when another device has taken its place. */
  fixed<T>(device: SysfsDevice, make: () => T): T
  /** Offloads that are on, by interface: what ethtool and devlink say of one, or of all for `*`. */
  readFeatures(interfaces: string, survey: Survey): Promise<ReadonlyMap<string, readonly string[]>>
}

/** How a call wants the host to be seen. */
export interface SurveyOptions extends CallOptions {
  compat?: boolean | undefined
  /** Whether one device is all that is wanted. */
  single?: boolean
}

/** One look at the host: what a call has asked for, and what is found out once for all of its devices. */
export class Survey {
  /** As libvirt sees it, its faults included. */
  readonly compat: boolean
  readonly signal: AbortSignal | undefined
  readonly #single: boolean
  /** Names of devices by their folder; `undefined` for folders that are no device. */
  readonly names = new Map<string, string | undefined>()
  #features: Promise<ReadonlyMap<string, readonly string[]>> | undefined
  #sliceEnd = performance.now() + slice

  constructor(
    readonly host: HostKnowledge,
    { compat = false, signal, single = false }: SurveyOptions = {},
  ) {
    this.compat = compat
    this.signal = signal
    this.#single = single
  }

  /** Offloads of an interface; those of all are asked for when a first one is read. */
  async features(name: string): Promise<readonly string[] | undefined> {
    this.#features ??= this.host.readFeatures(this.#single ? name : '*', this)
    return (await this.#features).get(name)
  }

  /** Whether it is time to {@link breathe}; asked of each device, so that most need not wait for anything. */
  get isLong(): boolean {
    return performance.now() >= this.#sliceEnd || this.signal?.aborted === true
  }

  /** Lets the event loop go on when it has been kept for long enough. */
  async breathe(): Promise<void> {
    this.signal?.throwIfAborted()
    if (performance.now() < this.#sliceEnd) return
    await turn()
    this.signal?.throwIfAborted()
    this.#sliceEnd = performance.now() + slice
  }
}
