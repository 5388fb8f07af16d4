/** Which vzctl is played: 4.11.1, or the 9.0.1 of OpenVZ 7. */
export type Generation = 4 | 9

/** What a vzctl makes of a container's config. */
export interface Settings {
  /** Lists are added up by 4 and taken from the last line by 9; of other settings 4 takes the first. */
  readonly values: ReadonlyMap<string, string>
  /** What it says of lines that it cannot read, on standard error. */
  readonly warnings: readonly string[]
  /** The lines that a value has come from, counted from 1. */
  readonly lines: ReadonlyMap<string, number>
}

const lists = ['NETDEV', 'DEVNODES', 'DEVICES', 'PCI']

/** Reads a config as that generation does, its faults included. */
export function readSettings(generation: Generation, text: string, path: string): Settings {
  const values = new Map<string, string>()
  const lines = new Map<string, number>()
  const warnings: string[] = []
  const warn = (line: number, what: string) =>
    generation === 4 && warnings.push(`Warning: can't parse ${path}:${line} (${what}), skipping`)

  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/^[ \t]+/, '').replaceAll('\\', '')
    if (line === '' || line.startsWith('#')) continue
    const equals = line.indexOf('=')
    if (equals < 0) {
      warn(index + 1, "'=' not found")
      continue
    }
    const key = line.slice(0, equals)
    const value = generation === 4 ? valueFor4(line.slice(equals + 1)) : valueFor9(line.slice(equals + 1))
    if (value === undefined) warn(index + 1, 'unmatched quotes')
    else if (generation === 9) values.set(key, value)
    else if (lists.includes(key) && values.has(key)) values.set(key, `${values.get(key)} ${value}`)
    else if (!values.has(key)) values.set(key, value)
    if (value !== undefined) lines.set(key, index + 1)
  }
  return { values, lines, warnings }
}

/** What stands between the first quote and the last of a line; the whole rest where there is none at its beginning. */
function valueFor4(text: string): string | undefined {
  if (!text.startsWith('"')) return text
  const last = text.lastIndexOf('"')
  return last === 0 ? undefined : text.slice(1, last)
}

function valueFor9(text: string): string {
  const bare = /^["']/.test(text) ? text : text.replace(/\s*#.*$/, '')
  return bare.trimEnd().replace(/^["']/, '').replace(/["']$/, '')
}

/** Longest line that 4.11 copies as one. */
const longestLine = 16_383

/**
 * Writes settings into a config as that generation does: 4 knows lines that begin at the margin, and of several the
 * first; 9 writes them all, and joins a new one to a last line that has no end. Nothing is escaped. `null` takes a
 * setting out.
 */
export function writeSettings(
  generation: Generation,
  text: string,
  changes: ReadonlyMap<string, string | null>,
): string {
  const left = new Map(changes)
  const ends = text === '' || text.endsWith('\n')
  const old = (ends ? text.slice(0, -1) : text).split('\n')
  const kept = (text === '' ? [] : old).flatMap((line) => {
    const key = /^([A-Z_a-z0-9]+)=/.exec(line)?.[1] ?? ''
    const known = generation === 4 ? left : changes
    const value = known.get(key)
    if (value === undefined) return generation === 4 ? pieces(line) : [line]
    left.delete(key)
    return value === null ? [] : [`${key}="${value}"`]
  })
  const added = [...left].flatMap(([key, value]) => (value === null ? [] : [`${key}="${value}"`]))
  if (generation === 9 && !ends && added.length > 0) kept.push(`${kept.pop() ?? ''}${added.shift()}`)
  return [...kept, ...added].map((line) => `${line}\n`).join('')
}

const pieces = (line: string): string[] => line.match(new RegExp(`.{1,${longestLine}}`, 'gs')) ?? ['']
