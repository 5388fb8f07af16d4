import { VirtError } from '../errors.js'

function problemOf(name: string): string | undefined {
  if (name === '') return 'is empty'
  if (name.length > 1024) return 'is longer than 1024 characters'
  if (/[\0-\x1f\x7f/]/.test(name)) return 'holds a slash or a control character'
  return name === '.' || name === '..' ? 'is a folder' : undefined
}

/**
 * Lets through what may be the name of a node device. A backend may make a path of a name, so nothing that could lead
 * out of a folder passes.
 *
 * @throws VirtError `invalid-argument`
 */
export function checkDeviceName(name: string): void {
  const problem = problemOf(name)
  if (problem !== undefined)
    throw new VirtError(
      'invalid-argument',
      `the device name ${JSON.stringify(name.slice(0, 100))} ${problem}; take one from listNodeDevices()`,
    )
}

/** How many single-character changes make one word of another; `limit` and above are not told apart. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (row[j] as number) + 1,
        (next[j - 1] as number) + 1,
        (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
      )
    row = next
  }
  return Math.min(row[b.length] as number, limit)
}

/** The names that somebody could have meant who wrote `name`: those that hold it, then those that differ least. */
export function nearestNames(name: string, names: readonly string[], count = 3): string[] {
  const wanted = name.toLowerCase().slice(0, 200)
  const limit = Math.max(2, Math.ceil(wanted.length / 3)) + 1
  return names
    .map((each) => ({
      each,
      cost: each.toLowerCase().includes(wanted) ? 0 : distance(wanted, each.toLowerCase(), limit),
    }))
    .filter(({ cost }) => cost < limit)
    .sort((a, b) => a.cost - b.cost || (a.each < b.each ? -1 : 1))
    .slice(0, count)
    .map(({ each }) => each)
}
