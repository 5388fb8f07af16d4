import type { Limits } from '../../async/deadline.js'
import { VirtError } from '../../errors.js'
import type { RpcClient } from '../../wire/libvirt-rpc/client.js'
import { type ArgsOf, type ProcedureName, procedures, type ResultOf } from '../../wire/libvirt-rpc/procedures.js'

/** What an error is about. */
type Subject = { device: string } | { domain: string } | Record<never, never>

/**
 * A connection to libvirtd as the backend uses it: errors say what they are about, and when the connection is lost the
 * next call opens another, if that is wanted.
 */
export class Session {
  readonly #open: () => Promise<RpcClient>
  #client: RpcClient | undefined
  #opening: Promise<RpcClient> | undefined
  readonly #reconnect: boolean
  #closed = false

  private constructor(
    open: () => Promise<RpcClient>,
    client: RpcClient,
    /** The version of the daemon, as libvirt counts: 9000000 is 9.0.0. */
    readonly libVersion: number,
    reconnect: boolean,
  ) {
    this.#open = open
    this.#reconnect = reconnect
    this.#keep(client)
  }

  /** Begins with a connection that is open; `open` makes others, when `reconnect` is wanted. */
  static async begin(client: RpcClient, open: () => Promise<RpcClient>, reconnect: boolean): Promise<Session> {
    try {
      const { libVer } = await client.call('connectGetLibVersion', {})
      return new Session(open, client, libVer, reconnect)
    } catch (error) {
      client.close()
      throw error
    }
  }

  /** Whether a connection that is lost is opened again. */
  get reconnects(): boolean {
    return this.#reconnect && !this.#closed
  }

  /**
   * The client of the connection there is, though it may have ended; of a new one when it was lost and that is wanted.
   */
  async client(): Promise<RpcClient> {
    if (this.#client) return this.#client
    this.#opening ??= this.#reopen()
    return await this.#opening
  }

  /** Calls a procedure; an error names the device or guest it is about. */
  async call<P extends ProcedureName>(
    name: P,
    args: ArgsOf<P>,
    limits: Limits,
    subject: Subject = {},
  ): Promise<ResultOf<P>> {
    try {
      return await (await this.client()).call(name, args, limits)
    } catch (error) {
      if (!VirtError.is(error)) throw error
      throw new VirtError(error.code, error.message, {
        ...error.details,
        ...subject,
        backend: 'libvirt',
        number: error.number,
        errorDomain: error.domain,
      })
    }
  }

  /** Whether this daemon is new enough to have a procedure. */
  has(name: ProcedureName): boolean {
    const { since = '0.0.0' }: { since: string | undefined } = procedures[name]
    return this.libVersion >= versionNumber(since)
  }

  close(): void {
    this.#closed = true
    this.#client?.close()
  }

  async #reopen(): Promise<RpcClient> {
    try {
      return this.#keep(await this.#open())
    } finally {
      this.#opening = undefined
    }
  }

  #keep(client: RpcClient): RpcClient {
    this.#client = client
    if (this.#closed) client.close()
    void client.closed.then((lost) => {
      if (lost && this.reconnects) this.#client = undefined
    })
    return client
  }
}

/** `10.1.0` as libvirt counts it: 10001000. */
export function versionNumber(version: string): number {
  const [major = 0, minor = 0, micro = 0] = version.split('.').map(Number)
  return major * 1_000_000 + minor * 1000 + micro
}
