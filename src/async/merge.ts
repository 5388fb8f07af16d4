/**
 * The values of several sources as they come, with at most so many sources read at a time. A slow reader slows the
 * sources down; leaving the loop ends those that are open, without waiting for one that hangs.
 */
export async function* merge<T>(
  sources: Iterable<() => AsyncIterator<T>>,
  concurrency: number,
): AsyncGenerator<T, void, undefined> {
  const waiting = sources[Symbol.iterator]()
  const open = new Set<AsyncIterator<T>>()
  const arrived: { source: AsyncIterator<T>; result: IteratorResult<T> }[] = []
  let failure: { reason: unknown } | undefined
  let wake = () => {}

  const read = (source: AsyncIterator<T>) => {
    source.next().then(
      (result) => {
        arrived.push({ source, result })
        wake()
      },
      (reason: unknown) => {
        failure ??= { reason }
        wake()
      },
    )
  }
  const fill = () => {
    while (open.size < concurrency) {
      const next = waiting.next()
      if (next.done) return
      const source = next.value()
      open.add(source)
      read(source)
    }
  }

  try {
    for (fill(); open.size > 0; ) {
      if (arrived.length === 0 && !failure)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      if (failure) throw failure.reason
      for (const { source, result } of arrived.splice(0)) {
        if (result.done) {
          open.delete(source)
          fill()
        } else {
          yield result.value
          read(source)
        }
      }
    }
  } finally {
    // what ends them is theirs to report; the reader has left
    for (const source of open) source.return?.().then(undefined, () => undefined)
  }
}
