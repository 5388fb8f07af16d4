import type { Generation } from './config.js'

/** Beginnings of names that no container is given. */
export const isReserved = (name: string): boolean => /^(venet|tun|tap|lo)/.test(name)

/** Words of a list; 9 parts them at commas too. */
export const wordsOf = (generation: Generation, text: string): string[] =>
  text.split(generation === 4 ? /[ \t]+/ : /[ \t,]+/).filter((word) => word !== '')

/** Adds to a list and takes from it: with 4 what is both added and taken stays, with 9 it goes. */
export function changeWords(
  generation: Generation,
  before: readonly string[],
  added: readonly string[],
  taken: readonly string[],
): string[] {
  if (generation === 4) {
    const kept = before.filter((word) => !taken.includes(word) && !added.includes(word))
    return [...kept, ...added]
  }
  return [...new Set([...before, ...added])].filter((word) => !taken.includes(word))
}

/** A device node or number, with what a container may do to it. */
export interface Allowed {
  readonly name: string
  readonly letters: string
}

const isAllowed = (letters: string): boolean => letters === 'none' || /^[rwq]*$/.test(letters)

/** One entry of DEVNODES: 4 parts it at the last colon, 9 at the first. */
export function parseNode(generation: Generation, word: string): Allowed | undefined {
  const colon = generation === 4 ? word.lastIndexOf(':') : word.indexOf(':')
  const [name, letters] = [word.slice(0, colon), word.slice(colon + 1)]
  return colon > 0 && isAllowed(letters) ? { name, letters } : undefined
}

/** One entry of DEVICES; 4 knows no loop devices (major 7). */
export function parseNumber(generation: Generation, word: string): Allowed | undefined {
  const [, name = '', major = '', letters = ''] = /^([bc]:(\d+):(?:\d+|all)):([^:]*)$/.exec(word) ?? []
  if (name === '' || !isAllowed(letters) || (generation === 4 && major === '7')) return undefined
  return { name, letters }
}

const written = ({ name, letters }: Allowed): string => `${name}:${letters} `

/** Puts entries into a list of them. Each one has a blank behind it, the last one too. */
export function changeAllowed(before: readonly Allowed[], entries: readonly Allowed[], generation: Generation): string {
  let list = generation === 4 ? [...before] : [...new Map(before.map((each) => [each.name, each])).values()]
  for (const entry of entries) {
    const at = list.findIndex(({ name }) => name === entry.name)
    if (entry.letters === 'none') list = list.filter(({ name }) => name !== entry.name)
    else if (at < 0) list.push(entry)
    else list[at] = entry
  }
  return list.map(written).join('')
}

/** An address as both generations store it; what stands behind it is not looked at. */
export function parsePci(word: string): string | undefined {
  const [, domain, bus, slot, fn] = /^(?:([\da-f]+):)?([\da-f]+):([\da-f]+)\.(\d+)/i.exec(word) ?? []
  if (bus === undefined || slot === undefined || fn === undefined) return undefined
  const hex = (digits: string, width: number) => Number.parseInt(digits, 16).toString(16).padStart(width, '0')
  return `${hex(domain ?? '0', 4)}:${hex(bus, 2)}:${hex(slot, 2)}.${Number(fn)}`
}
