import type { Queue } from '../../src/async/queue.js'
import type { XenstoreClient } from '../../src/wire/xenstore/client.js'
import { openStore } from '../../src/wire/xenstore/open.js'

/** What plays backends does with a device on a port: takes it, or lets go of it. */
export type PortChange = (busId: string, isThere: boolean) => Promise<void>

const backendState = /^(\/local\/domain\/0\/backend\/(?:vusb|qusb)\/\d+\/\d+)\/(state|port\/\d+)$/

/**
 * Plays both ends of PVUSB: the backend in dom0, be it the kernel's or QEMU's, and the driver in the guest. States go
 * as between real ones: 1/1, 1/2, 3/2, 3/4, 4/4, and to 6 when the backend is told to close.
 */
export class PlayedBackends implements AsyncDisposable {
  /** Ends that do not answer: neither the backend nor the guest does anything more. */
  deaf = false
  readonly #store: XenstoreClient
  readonly #changes: Queue<string>
  readonly #devices = new Map<string, string>()
  readonly #ended: Promise<void>

  private constructor(store: XenstoreClient, changes: Queue<string>, onPort: PortChange) {
    this.#store = store
    this.#changes = changes
    this.#ended = this.#play(onPort)
  }

  static async on(path: string, onPort: PortChange = async () => {}): Promise<PlayedBackends> {
    const store = await openStore({ path })
    return new PlayedBackends(store, await store.watch('/local/domain/0/backend'), onPort)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#changes.return()
    await this.#ended
    this.#store.close()
  }

  async #play(onPort: PortChange): Promise<void> {
    for await (const path of this.#changes) {
      const [, backend, what] = backendState.exec(path) ?? []
      if (this.deaf || backend === undefined) continue
      if (what === 'state') await this.#meet(backend)
      else await this.#look(path, onPort)
    }
  }

  async #meet(backend: string): Promise<void> {
    const [state, frontend] = await Promise.all([
      this.#store.read(`${backend}/state`),
      this.#store.read(`${backend}/frontend`),
    ])
    const say = async (...ends: readonly [backend: number | undefined, frontend: number | undefined][]) => {
      for (const [ours, theirs] of ends) {
        if (ours !== undefined) await this.#store.write(`${backend}/state`, String(ours))
        if (theirs !== undefined) await this.#store.write(`${frontend}/state`, String(theirs))
      }
    }
    if (state === '1') await say([2, 3], [4, 4])
    if (state === '5') await say([undefined, 5], [6, 6])
  }

  async #look(path: string, onPort: PortChange): Promise<void> {
    const [before, now] = [this.#devices.get(path) ?? '', (await this.#store.read(path)) ?? '']
    this.#devices.set(path, now)
    if (before === now) return
    if (before !== '') await onPort(before, false)
    if (now !== '') await onPort(now, true)
  }
}
