/** How often a followed device may be attached before it is left alone for a while. */
export interface FollowLimit {
  /** So many attempts… */
  readonly times: number
  /** …within so many milliseconds. */
  readonly within: number
}

const first = 1000
const longest = 60_000

/**
 * When the next attempt at attaching may be made: a device that flaps, or cannot be had, is not asked for all the time.
 */
export class Pace {
  readonly #limit: FollowLimit
  #attempts: number[] = []
  #failures = 0

  constructor(limit: FollowLimit) {
    this.#limit = limit
  }

  /** Milliseconds until there may be another attempt; 0 when it may be made now. */
  wait(): number {
    const now = performance.now()
    const { times, within } = this.#limit
    this.#attempts = this.#attempts.filter((at) => at > now - within)
    const [oldest] = this.#attempts.slice(-times)
    return this.#attempts.length < times || oldest === undefined ? 0 : Math.ceil(oldest + within - now)
  }

  /** An attempt begins. */
  begin(): void {
    this.#attempts.push(performance.now())
  }

  /** It has succeeded, or things have changed so that the next may. */
  relax(): void {
    this.#failures = 0
  }

  /** It has failed; answers how many milliseconds to wait: a second, doubled each time, up to a minute. */
  failed(): number {
    return Math.min(first * 2 ** this.#failures++, longest)
  }
}
