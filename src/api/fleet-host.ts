import { deadline } from '../async/deadline.js'
import type { Backend } from '../backend.js'
import { VirtError } from '../errors.js'
import { type ConnectOptions, connect } from './connect.js'
import type { Connection } from './connection.js'

/** A host of a fleet: its URI, or a name for it and how it is opened. */
export type FleetHost = string | { readonly name: string; open(): string | Backend | Promise<string | Backend> }

/** What one host said, or why it did not: a host that is down is a result, not the end of the call. */
export type FleetAnswer<T> =
  | { readonly host: string; readonly value: T; readonly error?: undefined }
  | { readonly host: string; readonly error: VirtError; readonly value?: undefined }

/** How one host is asked. */
export interface HostLimits {
  readonly signal: AbortSignal | undefined
  /** Milliseconds of waiting for the host, all its steps together. */
  readonly timeout: number
}

/** The name that stands in answers. */
export const nameOf = (host: FleetHost): string => (typeof host === 'string' ? host : host.name)

/** A host of a fleet that is being asked, within its time. */
export class AskedHost {
  readonly name: string
  readonly #end = new AbortController()
  readonly #limits: HostLimits
  readonly #opening: Promise<Connection>
  #left: number

  /** Begins to open it, read-only. */
  constructor(host: FleetHost, login: ConnectOptions['login'], limits: HostLimits) {
    this.name = nameOf(host)
    this.#limits = limits
    this.#left = limits.timeout
    this.#opening = openHost(host, { ...(login && { login }), signal: this.#end.signal })
    // heard where it is waited for, if it still is
    this.#opening.catch(() => {})
  }

  /** Aborted when the host is no longer asked. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  async connection(): Promise<Connection> {
    return await this.within(() => this.#opening)
  }

  /**
   * Waits for one step. Only such waits use up the host's time, not what the reader does between them. What hangs and
   * does not heed a signal is left behind.
   */
  async within<T>(step: () => Promise<T>): Promise<T> {
    const began = performance.now()
    const { signal, timeout } = this.#limits
    const expired = () =>
      new VirtError('timeout', `${this.name} has not answered within ${timeout} ms; raise timeout if it is only slow`)
    try {
      return await deadline({ signal, timeout: Math.max(0, this.#left) }, expired, step)
    } finally {
      this.#left -= performance.now() - began
    }
  }

  /** What a failure of it is as an answer. @throws the reason of the caller's signal when that was aborted */
  failure(reason: unknown): VirtError {
    if (this.#limits.signal?.aborted) throw this.#limits.signal.reason
    if (VirtError.is(reason)) return reason
    const why = reason instanceof Error ? reason.message : String(reason)
    return new VirtError('internal', `${this.name} failed: ${why}`, { cause: reason })
  }

  /** Asks it no more; a connection that opens late is closed too. */
  leave(): void {
    this.#end.abort(new VirtError('operation-invalid', `${this.name} is no longer asked`))
    // one that cannot be closed in peace is gone all the same
    void this.#opening.then((conn) => conn.close()).catch(() => {})
  }
}

async function openHost(host: FleetHost, options: ConnectOptions): Promise<Connection> {
  const target = typeof host === 'string' ? host : await host.open()
  // one that comes too late has to be held to be closed
  if (typeof target !== 'string') return await connect(target, { readOnly: true })
  // many hosts at once cannot ask on one terminal
  return await connect(target, { ...options, readOnly: true, interactive: false })
}
