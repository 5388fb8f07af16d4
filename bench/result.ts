/** One figure of ours beside that of a peer. */
export interface BenchResult {
  readonly name: string
  /** Ours, in `unit`. */
  readonly value: number
  readonly unit: string
  /** What it is compared with; `undefined` for a figure that stands alone. */
  readonly peer?: string
  /** Ours divided by the peer's; for a figure that stands alone, the figure. */
  readonly ratio: number
  /** The largest ratio that is good enough. */
  readonly goal: number
  /** What a profile says bounds it; shown where the goal is missed. */
  readonly bound?: string
}

/** A benchmark, or why it cannot run here. */
export interface Benchmark {
  readonly name: string
  run(): Promise<readonly BenchResult[] | { readonly skipped: string }>
}

/** The middle of several figures. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** A piece of work to be timed; it may answer its own time in milliseconds. */
export type Work = () => unknown | Promise<unknown>

/**
 * Times several pieces of work in turns, so that a machine that is busy for a while is busy for all of them. Answers
 * the median of each, in milliseconds.
 */
export async function inTurns(works: readonly Work[], rounds: number): Promise<number[]> {
  const times = works.map((): number[] => [])
  for (let round = -1; round < rounds; round++)
    for (const [index, work] of works.entries()) {
      const started = performance.now()
      const own = await work()
      const time = typeof own === 'number' ? own : performance.now() - started
      // the first round warms up
      if (round >= 0) times[index]?.push(time)
    }
  return times.map(median)
}
