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
  /** Offloads that are on, by interface: what ethtool says. */
  readFeatures(options: CallOptions): Promise<ReadonlyMap<string, readonly string[]>>
}

/** How a call wants the host to be seen. */
export interface SurveyOptions extends CallOptions {
  compat?: boolean | undefined
}

/** One look at the host: what a call has asked for, and what is found out once for all of its devices. */
export class Survey {
  /** As libvirt sees it, its faults included. */
  readonly compat: boolean
  readonly signal: AbortSignal | undefined
  /** Names of devices by their folder; `undefined` for folders that are no device. */
  readonly names = new Map<string, string | undefined>()
  #features: Promise<ReadonlyMap<string, readonly string[]>> | undefined
  #sliceEnd = performance.now() + slice

  constructor(
    readonly host: HostKnowledge,
    { compat = false, signal }: SurveyOptions = {},
  ) {
    this.compat = compat
    this.signal = signal
  }

  /** Offloads of all interfaces, asked for when a first one is read. */
  features(): Promise<ReadonlyMap<string, readonly string[]>> {
    this.#features ??= this.host.readFeatures(this.signal ? { signal: this.signal } : {})
    return this.#features
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
