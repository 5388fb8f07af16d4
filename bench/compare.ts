/** One way to do a piece of work. */
export interface Candidate {
  readonly name: string
  run(): Promise<unknown>
}

/**
 * Runs the candidates in turns, several times, and prints the best of each: how much it does a second, and its ratio to
 * the first. In turns, so that a machine that is busy for a while is busy for all of them.
 */
export async function compare(
  unit: string,
  count: number,
  candidates: readonly Candidate[],
  rounds = 5,
): Promise<void> {
  const best = new Map(candidates.map((candidate) => [candidate, Number.POSITIVE_INFINITY]))
  for (let round = 0; round < rounds; round++)
    for (const candidate of candidates) {
      const started = performance.now()
      await candidate.run()
      best.set(candidate, Math.min(best.get(candidate) ?? 0, performance.now() - started))
    }
  const [first = 1] = best.values()
  for (const [{ name }, milliseconds] of best) {
    const rate = Math.round((count / milliseconds) * 1000)
    console.log(`${name.padEnd(40)} ${String(rate).padStart(9)} ${unit}   ${(first / milliseconds).toFixed(2)}`)
  }
}
