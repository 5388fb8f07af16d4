import type { Watch } from '../backend.js'
import { VirtError } from '../errors.js'

type Kind<E> = E extends { readonly kind: infer K extends string } ? K : never
type OfKind<E, K> = E extends { readonly kind: K } ? E : E & { readonly kind: K }

/** What can be listened for: a kind of event, or `event` for all, `error` and `end`. */
export type EventName<E> = Kind<E> | 'event' | 'error' | 'end'

/** What is called. */
export type EventListener<E, N> = N extends 'event'
  ? (event: E) => void
  : N extends 'error'
    ? (error: unknown) => void
    : N extends 'end'
      ? () => void
      : (event: OfKind<E, N>) => void

type AnyListener = (value?: unknown) => void

/**
 * Events as they come, since the watch was answered: with `for await`, or as an `EventEmitter` gives them, with
 * {@link on}. One or the other, since what one reads the other would miss.
 *
 * Leaving the loop, disposing of it and aborting its signal unsubscribe.
 */
export class EventWatch<E extends { readonly kind: string }> implements Watch<E> {
  readonly #source: Watch<E>
  readonly #listeners = new Map<string, Set<AnyListener>>()
  #reads: 'nobody' | 'loop' | 'listeners' = 'nobody'

  /** @internal */
  constructor(source: Watch<E>) {
    this.#source = source
  }

  /**
   * Calls `listener` at each event of a kind, or of any kind for `event`; `error` and `end` are the watch's
   * own. A watch that fails while nobody listens for `error` throws it, and so does a listener that throws:
   * as an uncaught exception.
   *
   * @throws VirtError `operation-invalid` when a loop reads the events already
   */
  on<N extends EventName<E>>(name: N, listener: EventListener<E, N>): this {
    this.#read('listeners')
    const those = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, those.add(listener as AnyListener))
    return this
  }

  /** As {@link on}, for the first time only. */
  once<N extends EventName<E>>(name: N, listener: EventListener<E, N>): this {
    const only = ((value: never) => {
      this.off(name, only)
      ;(listener as AnyListener)(value)
    }) as EventListener<E, N>
    return this.on(name, only)
  }

  /** Has a listener called no more. */
  off<N extends EventName<E>>(name: N, listener: EventListener<E, N>): this {
    this.#listeners.get(name)?.delete(listener as AnyListener)
    return this
  }

  /** @throws VirtError `operation-invalid` when listeners get the events already */
  [Symbol.asyncIterator](): AsyncIterator<E> {
    this.#read('loop')
    return this.#source[Symbol.asyncIterator]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]()
  }

  #read(by: 'loop' | 'listeners'): void {
    if (this.#reads === by) return
    if (this.#reads !== 'nobody')
      throw new VirtError('operation-invalid', `the events go to a ${this.#reads} already; open another watch`)
    this.#reads = by
    if (by === 'listeners') void this.#pump()
  }

  async #pump(): Promise<void> {
    try {
      for await (const event of this.#source) {
        this.#tell(event.kind, event)
        this.#tell('event', event)
      }
      this.#tell('end')
    } catch (error) {
      if (!this.#tell('error', error)) throwLater(error)
    }
  }

  #tell(name: string, value?: unknown): boolean {
    const those = [...(this.#listeners.get(name) ?? [])]
    for (const listener of those)
      try {
        listener(value)
      } catch (error) {
        throwLater(error)
      }
    return those.length > 0
  }
}

/** Throws where nobody can catch it, so that it is not lost. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
