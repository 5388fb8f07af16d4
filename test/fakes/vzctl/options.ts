import type { Generation } from './config.js'

/** What `vzctl set` was asked for, in order. */
export interface SetRequest {
  readonly changes: readonly { readonly option: string; readonly value: string }[]
  readonly save: boolean
  readonly force: boolean
}

/** How a call is refused before anything is looked at. */
export interface Refusal {
  readonly status: number
  readonly stderr: string
}

const flags = ['save', 'force', 'skiplock']
const valued = [
  'netdev_add',
  'netdev_del',
  'netif_add',
  'netif_del',
  'devnodes',
  'devices',
  'pci_add',
  'pci_del',
  'capability',
  'name',
  'setmode',
]

/** Parts the words behind the container as getopt_long does; 9 takes dashes for underscores too. */
export function parseSet(generation: Generation, container: string, words: readonly string[]): SetRequest | Refusal {
  const changes: { option: string; value: string }[] = []
  const given = new Set<string>()
  const extra: string[] = []
  const known = [...flags, ...valued]
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (!word.startsWith('--')) {
      extra.push(word)
      continue
    }
    const [written = '', joined] = word.slice(2).split(/=(.*)/s)
    const name = generation === 9 ? written.replaceAll('-', '_') : written
    const options = known.includes(name) ? [name] : known.filter((each) => each.startsWith(name))
    const [option] = options
    if (option === undefined || options.length > 1)
      return { status: 21, stderr: `${container}: unrecognized option '${word}'` }
    if (flags.includes(option)) given.add(option)
    else {
      const value = joined ?? words[++at]
      if (value === undefined) return { status: 21, stderr: `${container}: option '${word}' requires an argument` }
      changes.push({ option, value })
    }
  }
  if (extra.length > 0) return { status: 20, stderr: `Invalid extra arguments: ${extra.join(' ')} ` }
  return { changes, save: given.has('save'), force: given.has('force') }
}
