import { VirtError } from '../errors.js'

/** How a {@link Queue} behaves towards its reader. */
export interface QueueOptions<T> {
  /** How many values wait for a slow reader; one more ends the queue, unless they can be merged. 1000 unless told. */
  readonly capacity?: number | undefined
  /**
   * Fewer values that tell a slow reader the same. What it leaves may be more than the capacity, so it has to bound
   * that itself: by the number of things that the values are about.
   */
  readonly merge?: ((waiting: readonly T[]) => T[]) | undefined
  /** Aborting it ends the queue with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called once, when no more values are wanted: unsubscribes. The reader's leave waits for it. */
  readonly close?: (() => void | Promise<void>) | undefined
}

interface Reader<T> {
  resolve(result: IteratorResult<T, undefined>): void
  reject(error: unknown): void
}

/**
 * Values on their way from one who has them to one who reads them with `for await`.
 *
 * It takes values from the moment it is made, so none is lost before the first read. Memory is bounded: for
 * a reader that falls too far behind values are merged, or, where they cannot be, it gets what waits for
 * it, then a `limit-exceeded`, and should list afresh. Leaving the loop, disposing of the queue and
 * aborting its signal all unsubscribe.
 */
export class Queue<T> implements AsyncIterableIterator<T, undefined>, AsyncDisposable {
  #values: T[] = []
  readonly #readers: Reader<T>[] = []
  readonly #capacity: number
  readonly #merge: ((waiting: readonly T[]) => T[]) | undefined
  /** How many values have to wait before they are merged again: merging each time would take for ever. */
  #mergeAt: number
  readonly #signal: AbortSignal | undefined
  readonly #close: (() => void | Promise<void>) | undefined
  #ended = false
  #error: { readonly value: unknown } | undefined
  #closed: Promise<void> | undefined

  constructor({ capacity = 1000, merge, signal, close }: QueueOptions<T> = {}) {
    this.#capacity = this.#mergeAt = capacity
    this.#merge = merge
    this.#signal = signal
    this.#close = close
    if (signal?.aborted) this.#onAbort()
    else signal?.addEventListener('abort', this.#onAbort)
  }

  /** How many values wait for the reader. */
  get waiting(): number {
    return this.#values.length
  }

  /** Whether no more values will be taken. */
  get ended(): boolean {
    return this.#ended
  }

  /** Gives the reader one more value; after the end it is dropped. */
  push(value: T): void {
    if (this.#ended) return
    const reader = this.#readers.shift()
    if (reader) reader.resolve({ value, done: false })
    else if (this.#merge) this.#pushMerging(value, this.#merge)
    else if (this.#values.length < this.#capacity) this.#values.push(value)
    else
      this.fail(
        new VirtError(
          'limit-exceeded',
          `The reader of these events is more than ${this.#capacity} behind: list afresh`,
        ),
      )
  }

  #pushMerging(value: T, merge: (waiting: readonly T[]) => T[]): void {
    this.#values.push(value)
    if (this.#values.length <= this.#mergeAt) return
    this.#values = merge(this.#values)
    this.#mergeAt = Math.max(this.#capacity, 2 * this.#values.length)
  }

  /** No more values will come: the reader gets those that wait, then the end. */
  end(): void {
    this.#finish()
  }

  /** As {@link end}, but the reader's loop ends by throwing this. */
  fail(error: unknown): void {
    if (!this.#ended) this.#error = { value: error }
    this.#finish()
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#values.length > 0) return { value: this.#values.shift() as T, done: false }
    if (!this.#ended) return await new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
    const error = this.#error
    this.#error = undefined
    if (error) throw error.value
    return { value: undefined, done: true }
  }

  /** The reader leaves: what waits is dropped and {@link QueueOptions.close} has run when this answers. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#values.length = 0
    this.#error = undefined
    this.#finish()
    await this.#closed
    return { value: undefined, done: true }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  readonly #onAbort = (): void => {
    this.#values.length = 0
    this.fail(this.#signal?.reason)
  }

  #finish(): void {
    if (this.#ended) return
    this.#ended = true
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#closed = this.#unsubscribe()
    // Only the one who leaves waits for this; nobody else may be there to hear that it failed.
    this.#closed.catch(() => {})
    for (const reader of this.#readers.splice(0)) this.next().then(reader.resolve, reader.reject)
  }

  async #unsubscribe(): Promise<void> {
    await this.#close?.()
  }
}
