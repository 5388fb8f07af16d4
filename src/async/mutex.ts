import { deadline } from './deadline.js'

/** Lets one piece of work run at a time, in the order asked. */
export class Mutex {
  #last: Promise<void> = Promise.resolve()

  /**
   * Runs `work` when all that was asked before has ended, well or badly.
   * An abort ends the wait for the turn; what runs already has to look at its signal itself.
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last
    let release = () => {}
    this.#last = new Promise((resolve) => {
      release = resolve
    })
    try {
      await deadline(
        { signal },
        () => undefined,
        () => before,
      )
      return await work()
    } finally {
      // Whoever gave up waiting hands the turn on only when it would have come.
      void before.then(release)
    }
  }
}
