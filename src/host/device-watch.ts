import { Queue } from '../async/queue.js'
import type { DeviceEvent, Watch, WatchOptions } from '../backend.js'
import { listCapabilities } from '../model/device-caps.js'
import { mergeDeviceEvents } from '../model/merge-events.js'
import type { HintSource } from '../os/device-hints.js'
import type { DeviceTrace, LinuxHost } from './linux-host.js'

/** How a host is watched. */
export interface DeviceWatchOptions extends WatchOptions {
  /** What tells that something has happened; without it the host is looked at from time to time. */
  hints?: HintSource | undefined
  /** Milliseconds between two looks that nothing has asked for; 2000 unless told, more where a look takes long. */
  interval?: number | undefined
}

/** Milliseconds that a burst may go on before it is looked at: events of one plug come within a few. */
const settle = 20
const longestBurst = 200

/**
 * Milliseconds that udevd is given to begin with a new network interface, and between two looks whether it has ended.
 */
const naming = { begin: 500, pause: 100 }

/** Milliseconds between two looks that nothing has asked for, and how many times as long as a look that is at least. */
const rest = { least: 2000, times: 20 }

/** Events that may wait for a slow reader; while there are more, the host is not looked at. */
const backlog = 500

/**
 * Watches a host by comparing what it has with what it had, whenever a hint or the clock says so. No event can be lost
 * or doubled by the source of the hints, and what happened while nobody looked is made up: parents are created before
 * their children and deleted after them.
 */
export async function watchDevices(host: LinuxHost, options: DeviceWatchOptions = {}): Promise<Watch<DeviceEvent>> {
  const watcher = new DeviceWatcher(host, options)
  await watcher.begin()
  return watcher.events
}

class DeviceWatcher {
  readonly events: Queue<DeviceEvent>
  readonly #host: LinuxHost
  readonly #options: DeviceWatchOptions
  #known = new Map<string, DeviceTrace>()
  /** Network interfaces that udevd is not done with, and since when they are there. */
  #unnamed = new Map<string, number>()
  /** What is defined, and how. */
  #defined = new Map<string, string>()
  /** Folders of which the kernel has said that they changed. */
  readonly #changed = new Set<string>()
  #source: { stop(): void } | undefined
  #timer: NodeJS.Timeout | undefined
  #burstSince: number | undefined
  #looking = false
  /** Milliseconds that the last look took: a host of ten thousand devices would else be looked at half of the time. */
  #lookTime = 0
  /** Whether a look had to wait for the reader, so that events stand for several. */
  #late = false

  constructor(host: LinuxHost, options: DeviceWatchOptions) {
    this.#host = host
    this.#options = options
    this.events = new Queue<DeviceEvent>({
      merge: mergeDeviceEvents,
      signal: options.signal,
      close: () => this.#stop(),
    })
  }

  async begin(): Promise<void> {
    // hints first: what happens while the host is looked at for the first time is seen by the second look
    this.#source = this.#options.hints?.((hint) => {
      if (hint.action === 'change' && hint.path !== undefined) this.#changed.add(hint.path)
      this.#soon()
    })
    try {
      this.#known = await this.#look()
      this.#defined = this.#definitions()
    } catch (error) {
      this.#stop()
      throw error
    }
    this.#later()
  }

  #stop(): void {
    this.#source?.stop()
    this.#source = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Looks once the burst is over, or has gone on for long enough. */
  #soon(): void {
    if (this.#looking) {
      this.#burstSince ??= performance.now()
      return
    }
    const now = performance.now()
    this.#burstSince ??= now
    clearTimeout(this.#timer)
    const left = this.#burstSince + longestBurst - now
    this.#wake(Math.max(0, Math.min(settle, left)))
  }

  #later(): void {
    clearTimeout(this.#timer)
    if (this.#burstSince === undefined) this.#wake(this.#unnamed.size > 0 ? naming.pause : this.#interval)
    else this.#wake(settle)
  }

  get #interval(): number {
    return this.#options.interval ?? Math.max(rest.least, rest.times * this.#lookTime)
  }

  #wake(milliseconds: number): void {
    if (this.events.ended) return
    this.#timer = setTimeout(() => void this.#compare(), milliseconds)
  }

  async #compare(): Promise<void> {
    this.#burstSince = undefined
    if (this.events.waiting >= backlog) {
      this.#late = true
      this.#later()
      return
    }
    this.#looking = true
    try {
      const changed = new Set(this.#changed)
      this.#changed.clear()
      const now = await this.#look()
      if (this.events.ended) return
      this.#holdBack(now)
      const defined = this.#definitions()
      const late = this.#late
      this.#late = false
      const events = [...differences(this.#known, now, changed), ...redefinitions(this.#defined, defined)]
      for (const event of events) this.events.push(late ? { ...event, merged: true } : event)
      this.#known = now
      this.#defined = defined
    } catch (error) {
      this.events.fail(error)
      return
    } finally {
      this.#looking = false
    }
    this.#later()
  }

  /** Takes out of a look what udevd is about to rename: it would go under one name and come under another. */
  #holdBack(now: Map<string, DeviceTrace>): void {
    const unnamed = new Map<string, number>()
    for (const trace of now.values()) {
      if (trace.kind !== 'net' || same(trace, this.#known.get(trace.name))) continue
      const key = `${trace.path} ${trace.inode}`
      const since = this.#unnamed.get(key) ?? performance.now()
      const isNew = performance.now() - since < naming.begin
      if (!this.#host.isBeingNamed(trace, isNew)) continue
      unnamed.set(key, since)
      now.delete(trace.name)
    }
    this.#unnamed = unnamed
  }

  async #look(): Promise<Map<string, DeviceTrace>> {
    const { device, capability, signal } = this.#options
    const traces = new Map<string, DeviceTrace>()
    const started = performance.now()
    for await (const trace of this.#host.traces(signal ? { signal } : {})) {
      if (device !== undefined && trace.name !== device) continue
      if (capability !== undefined && !(await this.#has(trace, capability))) continue
      traces.set(trace.name, trace)
    }
    this.#lookTime = performance.now() - started
    return traces
  }

  /** What is defined of the devices that are watched. */
  #definitions(): Map<string, string> {
    const { device, capability = 'mdev' } = this.#options
    if (capability !== 'mdev') return new Map()
    const all = this.#host.definitionTexts()
    return device === undefined ? all : new Map([...all].filter(([name]) => name === device))
  }

  /** Whether a device is of a kind, nested ones included: these take reading it. */
  async #has(trace: DeviceTrace, capability: string): Promise<boolean> {
    if (trace.kind === capability) return true
    const before = this.#known.get(trace.name)
    if (before && before.inode === trace.inode) return true
    if (!nested.has(capability)) return false
    const def = await this.#host.lookup(trace.name, {})
    return def !== undefined && listCapabilities(def).includes(capability)
  }
}

const nested = new Set(['fc_host', 'vports', 'mdev_types', 'vpd', 'ccwgroup_member'])

const same = (a: DeviceTrace | undefined, b: DeviceTrace | undefined): boolean =>
  a?.path === b?.path && a?.inode === b?.inode

/** Deeper folders last. */
const byDepth = (a: DeviceTrace, b: DeviceTrace): number => a.path.length - b.path.length

/** What must have happened for one state of the host to become another. */
function* differences(
  before: ReadonlyMap<string, DeviceTrace>,
  now: ReadonlyMap<string, DeviceTrace>,
  changed: ReadonlySet<string>,
): Generator<DeviceEvent> {
  const gone = [...before.values()].filter((trace) => !same(trace, now.get(trace.name)))
  for (const { name } of gone.sort(byDepth).reverse()) yield { kind: 'deleted', device: name }
  const come = [...now.values()].filter((trace) => !same(trace, before.get(trace.name)))
  for (const { name } of come.sort(byDepth)) yield { kind: 'created', device: name }
  for (const trace of now.values()) {
    const was = before.get(trace.name)
    if (!was || !same(was, trace)) continue
    if (was.driver !== trace.driver) yield { kind: 'driver', device: trace.name }
    if (was.iommuGroup !== trace.iommuGroup) yield { kind: 'iommu-group', device: trace.name }
    if (was.link !== trace.link) yield { kind: 'link', device: trace.name }
    if (changed.has(trace.path)) yield { kind: 'updated', device: trace.name }
  }
}

/** The same for definitions; libvirt tells of a changed one as of a device that was updated. */
function* redefinitions(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): Generator<DeviceEvent> {
  for (const name of before.keys()) if (!now.has(name)) yield { kind: 'undefined', device: name }
  for (const [name, text] of now)
    if (!before.has(name)) yield { kind: 'defined', device: name }
    else if (before.get(name) !== text) yield { kind: 'updated', device: name }
}
