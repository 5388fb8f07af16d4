import { merge } from '../async/merge.js'
import type { CallOptions, DefOptions, DeviceEvent, Watch, WatchOptions } from '../backend.js'
import { VirtError } from '../errors.js'
import type { NodeDeviceDef } from '../model/node-device.js'
import { type DeviceSelector, selectorMembers } from '../model/selector.js'
import type { ConnectOptions } from './connect.js'
import type { Connection, ListOptions } from './connection.js'
import { AskedHost, type FleetAnswer, type FleetHost, nameOf } from './fleet-host.js'
import { watchFleet } from './fleet-watch.js'

/** How a fleet asks its hosts. */
export interface FleetOptions extends Pick<ConnectOptions, 'login'> {
  /** Hosts asked at a time; 32 unless told. */
  concurrency?: number
  /** Milliseconds a host may keep the fleet waiting, with its opening; 30,000 unless told. */
  timeout?: number
  /** Told after each host how many have answered and failed. */
  onProgress?(progress: FleetProgress): void
}

/** How far a call has come. */
export interface FleetProgress {
  readonly total: number
  readonly answered: number
  readonly failed: number
  /** The host that has just answered or failed. */
  readonly host: string
}

/** Answers as they come. */
type Answers<T> = AsyncGenerator<FleetAnswer<T>, void, undefined>

/** Many hosts as one inventory. Each call opens the hosts it asks, read-only, and closes them again. */
export class Fleet {
  /** Names of the hosts, in the order in which they are asked. */
  readonly hosts: readonly string[]
  readonly #hosts: readonly FleetHost[]
  readonly #options: FleetOptions & { readonly concurrency: number; readonly timeout: number }

  /** @throws VirtError `invalid-argument` for two hosts of one name, and a concurrency that is none */
  constructor(hosts: readonly FleetHost[], options: FleetOptions = {}) {
    this.#options = { ...options, concurrency: options.concurrency ?? 32, timeout: options.timeout ?? 30_000 }
    if (!(this.#options.concurrency >= 1))
      throw new VirtError('invalid-argument', `a concurrency of ${options.concurrency} asks nobody; it is at least 1`)
    this.#hosts = hosts
    this.hosts = hosts.map(nameOf)
    const names = new Set<string>()
    for (const name of this.hosts) {
      if (names.has(name)) throw new VirtError('invalid-argument', `the fleet has ${name} twice; keep one`)
      names.add(name)
    }
  }

  /** Devices of all hosts as they arrive, with their host. */
  listNodeDevices(options: ListOptions & DefOptions = {}): Answers<NodeDeviceDef> {
    return this.#ask(options, (conn, signal) => conn.nodeDeviceDefs({ ...options, signal }))
  }

  /** Names alone: one call a host. */
  listNodeDeviceNames(options: ListOptions = {}): Answers<string> {
    return this.#ask(options, async function* (conn, signal) {
      for (const { name } of await conn.listNodeDevices({ ...options, signal })) yield name
    })
  }

  /** Every device of every host that a selector means, and the hosts that could not be asked. */
  async find(selector: DeviceSelector, options: CallOptions = {}): Promise<FleetAnswer<NodeDeviceDef>[]> {
    selectorMembers(selector)
    const found: FleetAnswer<NodeDeviceDef>[] = []
    const work = (conn: Connection, signal: AbortSignal) => conn.findNodeDevices(selector, { ...options, signal })
    for await (const answer of this.#ask(options, work)) found.push(answer)
    return found
  }

  /**
   * Events of all hosts in one stream. It answers when every host is subscribed or has failed; a host that fails, then
   * or later, is an answer with its error. The stream ends when every host's has.
   */
  async watchNodeDevices(options: WatchOptions = {}): Promise<Watch<FleetAnswer<DeviceEvent>>> {
    options.signal?.throwIfAborted()
    return await watchFleet(
      { login: undefined, ...this.#options, hosts: this.#hosts, settled: this.#progress() },
      options,
    )
  }

  async *#ask<T>({ signal }: CallOptions, work: Work<T>): Answers<T> {
    signal?.throwIfAborted()
    const { login, timeout, concurrency } = this.#options
    const settled = this.#progress()
    const sources = this.#hosts.map((each) => () => {
      return askHost(new AskedHost(each, login, { signal, timeout }), work, settled)
    })
    for await (const answer of merge(sources, concurrency)) {
      yield answer
      signal?.throwIfAborted()
    }
    signal?.throwIfAborted()
  }

  /** Counts the hosts of one call. */
  #progress(): Settled {
    const total = this.#hosts.length
    let [answered, failed] = [0, 0]
    return (host, hasFailed) => {
      if (hasFailed) failed++
      else answered++
      this.#options.onProgress?.({ total, answered, failed, host })
    }
  }
}

type Work<T> = (conn: Connection, signal: AbortSignal) => AsyncIterable<T>
type Settled = (host: string, failed: boolean) => void

/** Passes on what the work finds on a host, and leaves it. */
async function* askHost<T>(host: AskedHost, work: Work<T>, settled: Settled): Answers<T> {
  const { name } = host
  try {
    const conn = await host.connection()
    const values = work(conn, host.signal)[Symbol.asyncIterator]()
    for (let next = await host.within(() => values.next()); !next.done; next = await host.within(() => values.next()))
      yield { host: name, value: next.value }
    settled(name, false)
  } catch (reason) {
    const error = host.failure(reason)
    settled(name, true)
    yield { host: name, error }
  } finally {
    host.leave()
  }
}
