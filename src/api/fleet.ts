import { deadline } from '../async/deadline.js'
import { merge } from '../async/merge.js'
import type { Backend, CallOptions, DefOptions, DeviceEvent, WatchOptions } from '../backend.js'
import { VirtError } from '../errors.js'
import type { NodeDeviceDef } from '../model/node-device.js'
import { type DeviceSelector, matchesSelector, selectorMembers } from '../model/selector.js'
import { connect } from './connect.js'
import type { Connection, ListOptions } from './connection.js'

/** A host of a fleet: its URI, or a name for it and how it is opened. */
export type FleetHost = string | { readonly name: string; open(): string | Promise<Backend> }

/** How a fleet asks its hosts. */
export interface FleetOptions {
  /** Hosts asked at a time; 32 unless told. */
  concurrency?: number
  /** Milliseconds a host has for its whole answer; 30,000 unless told. */
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

/** What one host said, or why it did not: a host that is down is a result, not the end of the call. */
export type FleetAnswer<T> =
  | { readonly host: string; readonly value: T; readonly error?: undefined }
  | { readonly host: string; readonly error: VirtError; readonly value?: undefined }

const nameOf = (host: FleetHost): string => (typeof host === 'string' ? host : host.name)

/** Many hosts as one inventory. Each call opens the hosts it asks, read-only, and closes them again. */
export class Fleet {
  readonly #hosts: readonly FleetHost[]
  readonly #options: Required<Pick<FleetOptions, 'concurrency' | 'timeout'>> & FleetOptions

  /** @throws VirtError `invalid-argument` for two hosts of one name */
  constructor(hosts: readonly FleetHost[], options: FleetOptions = {}) {
    const names = new Set<string>()
    for (const name of hosts.map(nameOf)) {
      if (names.has(name)) throw new VirtError('invalid-argument', `the fleet has ${name} twice; keep one`)
      names.add(name)
    }
    this.#hosts = hosts
    this.#options = { ...options, concurrency: options.concurrency ?? 32, timeout: options.timeout ?? 30_000 }
  }

  /** Devices of all hosts as they arrive, with their host. */
  listNodeDevices(options: ListOptions & DefOptions = {}): AsyncGenerator<FleetAnswer<NodeDeviceDef>, void, undefined> {
    return this.#ask(options, (conn, signal) => conn.nodeDeviceDefs({ ...options, signal }))
  }

  /** Every device of every host that a selector means, and the hosts that could not be asked. */
  async find(selector: DeviceSelector, options: CallOptions = {}): Promise<FleetAnswer<NodeDeviceDef>[]> {
    selectorMembers(selector)
    const found: FleetAnswer<NodeDeviceDef>[] = []
    for await (const answer of this.listNodeDevices(options))
      if (answer.error || matchesSelector(answer.value, selector)) found.push(answer)
    return found
  }

  /** Events of all hosts in one stream; it ends when every host's has. */
  watchNodeDevices(options: WatchOptions = {}): AsyncGenerator<FleetAnswer<DeviceEvent>, void, undefined> {
    const events = async function* (conn: Connection, signal: AbortSignal) {
      await using watch = await conn.watchNodeDevices({ ...options, signal })
      yield* watch
    }
    return this.#ask(options, events, { concurrency: Number.POSITIVE_INFINITY, timeout: undefined })
  }

  async *#ask<T>(
    { signal }: CallOptions,
    work: (conn: Connection, signal: AbortSignal) => AsyncIterable<T>,
    { concurrency, timeout }: { concurrency: number; timeout: number | undefined } = this.#options,
  ): AsyncGenerator<FleetAnswer<T>, void, undefined> {
    signal?.throwIfAborted()
    let answered = 0
    let failed = 0
    const total = this.#hosts.length
    const settle = (host: string, error?: VirtError) => {
      if (error) failed++
      else answered++
      this.#options.onProgress?.({ total, answered, failed, host })
    }
    const sources = this.#hosts.map((host) => () => askHost(host, { signal, timeout }, work, settle))
    for await (const answer of merge(sources, concurrency)) {
      yield answer
      signal?.throwIfAborted()
    }
    signal?.throwIfAborted()
  }
}

/** Opens a host, passes on what the work finds there, and closes it; all within its time. */
async function* askHost<T>(
  host: FleetHost,
  limits: { signal: AbortSignal | undefined; timeout: number | undefined },
  work: (conn: Connection, signal: AbortSignal) => AsyncIterable<T>,
  settle: (host: string, error?: VirtError) => void,
): AsyncGenerator<FleetAnswer<T>, void, undefined> {
  const name = nameOf(host)
  const end = new AbortController()
  const until = limits.timeout === undefined ? undefined : Date.now() + limits.timeout
  const expired = () =>
    new VirtError('timeout', `${name} has not answered within ${limits.timeout} ms; raise timeout if it is only slow`)
  // a backend that hangs may not heed a signal, so each step is left behind when the time is up
  const within = <V>(step: () => Promise<V>): Promise<V> =>
    deadline(
      { signal: limits.signal, ...(until !== undefined && { timeout: Math.max(0, until - Date.now()) }) },
      expired,
      step,
    )
  let conn: Connection | undefined
  try {
    conn = await within(() => openHost(host, end.signal))
    const values = work(conn, end.signal)[Symbol.asyncIterator]()
    for (let next = await within(() => values.next()); !next.done; next = await within(() => values.next()))
      yield { host: name, value: next.value }
    settle(name)
  } catch (reason) {
    if (limits.signal?.aborted) throw limits.signal.reason
    const error = VirtError.is(reason)
      ? reason
      : new VirtError('internal', `${name} failed: ${reason instanceof Error ? reason.message : String(reason)}`, {
          cause: reason,
        })
    settle(name, error)
    yield { host: name, error }
  } finally {
    end.abort(new VirtError('operation-invalid', `${name} is no longer asked`))
    // a connection that cannot be closed in peace is gone all the same
    conn?.close().then(undefined, () => undefined)
  }
}

async function openHost(host: FleetHost, signal: AbortSignal): Promise<Connection> {
  return await connect(typeof host === 'string' ? host : await host.open(), { readOnly: true, signal })
}
