import { turn } from './turn.js'

/**
 * One answer for all who ask in the same turn of the event loop: the question is asked when that has ended, so that no
 * answer is older than its question.
 */
export class Batch<K, T> {
  readonly #waiting = new Map<K, Promise<T>>()

  /** The answer for a key. */
  async get(key: K, ask: () => Promise<T>): Promise<T> {
    const there = this.#waiting.get(key)
    if (there) return await there
    const answer = turn().then(() => {
      this.#waiting.delete(key)
      return ask()
    })
    this.#waiting.set(key, answer)
    return await answer
  }
}
