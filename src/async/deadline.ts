/** What bounds a call in time; every asynchronous call takes these among its options. */
export interface Limits {
  /** Aborting it rejects the call with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds until the call is given up; absent: no limit. */
  readonly timeout?: number | undefined
}

/** The longest time a timer of Node's can count, in milliseconds (24 days); more would fire at once. */
const longest = 2 ** 31 - 1

/**
 * Runs `work` within limits. When they end first, the answer rejects at once, with the reason of the caller's signal or
 * with what `expired` makes of the time; `work` sees it in its own signal, to clean up.
 *
 * The timers are plain `setTimeout`, not `AbortSignal.timeout`, which a test's fake timers do not reach.
 */
export function deadline<T>(
  { signal, timeout }: Limits,
  expired: (timeout: number) => unknown,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signal?.aborted) return Promise.reject(signal.reason)
  return new Promise<T>((resolve, reject) => {
    const inner = new AbortController()
    const onAbort = () => giveUp(signal?.reason)
    const timer =
      timeout === undefined ? undefined : setTimeout(() => giveUp(expired(timeout)), Math.min(timeout, longest))
    signal?.addEventListener('abort', onAbort)

    const finish = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    const giveUp = (reason: unknown) => {
      finish()
      reject(reason)
      inner.abort(reason)
    }
    start(work, inner.signal).finally(finish).then(resolve, reject)
  })
}

/** Calls `work`, so that what it throws before its first promise is a rejection too. */
async function start<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  return await work(signal)
}

/** Waits that many milliseconds; an abort ends the wait with the signal's reason. */
export function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return deadline(
    { signal },
    () => undefined,
    async (ended) => {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(milliseconds, longest))
        ended.addEventListener('abort', () => clearTimeout(timer))
      })
    },
  )
}
