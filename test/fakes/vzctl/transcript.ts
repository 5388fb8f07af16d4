import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { shared } from '../../shared.js'
import type { Generation } from './config.js'

/** A recorded run of a real vzctl or vzlist. */
export interface Transcript {
  readonly name: string
  readonly generation: Generation
  readonly argv: readonly string[]
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** The config before and after; `undefined` where it was not recorded, or was not there. */
  readonly before?: string
  readonly after?: string
  /** What was seen of the host and of the container, where that one ran. */
  readonly seen?: { readonly before: Seen; readonly after: Seen }
}

/** What `ip link`, /dev, devices.list and the config's lines about devices showed. */
export interface Seen {
  readonly host: readonly string[]
  /** `undefined` while there was no container. */
  readonly inside?: readonly string[]
  readonly nodes?: readonly string[]
  readonly numbers?: readonly string[]
  readonly lines: readonly string[]
}

/** The recorded runs; none where they are not beside the project. */
export function transcripts(): Transcript[] {
  const folder = shared && join(shared, 'openvz/transcripts')
  if (folder === undefined || !existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .map((file) => parse(file.replace(/\.txt$/, ''), readFileSync(join(folder, file), 'latin1')))
}

function parse(name: string, text: string): Transcript {
  const unchanged = text.includes('--- config after (unchanged)')
  const headings = ['before', 'stdout', 'stderr', 'config before', 'config after', 'config after (unchanged)', 'after']
  const parts = new Map<string, string>()
  // the last file has no end of its last line, and the next heading stands on it
  for (const piece of text.split(/^(?=--- )|(?<=")(?=--- config after)/m).slice(1)) {
    const [, heading = '', body = ''] = /^--- ([^\n]*)\n?([\s\S]*)$/.exec(piece) ?? []
    if (!headings.includes(heading)) throw new Error(`${name} has the heading ${heading}`)
    parts.set(heading, body.replace(/^exit: -?\d+\n/m, ''))
  }
  const config = parts.get('config before')
  const before = config?.startsWith('(no file)') ? undefined : config
  const after = unchanged ? before : parts.get('config after')
  const [seenBefore, seenAfter] = [parts.get('before'), parts.get('after')]
  return {
    name,
    generation: name.startsWith('z7-') ? 9 : 4,
    argv: argvOf(/^argv: (.*)$/m.exec(text)?.[1] ?? ''),
    status: Number(/^exit: (-?\d+)$/m.exec(text)?.[1]),
    stdout: parts.get('stdout') ?? '',
    stderr: parts.get('stderr') ?? '',
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
    ...(seenBefore !== undefined &&
      seenAfter !== undefined && { seen: { before: seen(seenBefore), after: seen(seenAfter) } }),
  }
}

/** A list as Python writes it, or words as a shell reads them; without what only ran it elsewhere. */
function argvOf(text: string): string[] {
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t' }
  const unescaped = (word: string) => word.replace(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter)
  const words = text.startsWith('[')
    ? [...text.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map(([, word = '']) => unescaped(word))
    : (text.match(/(?:\\.|[^\s\\])+/g) ?? []).map((word) => word.replace(/\\(.)/g, '$1'))
  const program = words.findIndex((word) => /(^|\/)(vzctl|vzlist)$/.test(word))
  return words.slice(program).map((word, index) => (index === 0 ? word.replace(/^.*\//, '') : word))
}

function seen(text: string): Seen {
  const line = (label: string) => new RegExp(`^${label}: *(.*)$`, 'm').exec(text)?.[1]
  const words = (label: string) => line(label)?.split(' ').filter(Boolean)
  const [inside, nodes] = [words('ct links'), words('ct /dev')]
  const numbers = line('devices.list')?.split(';').filter(Boolean)
  return {
    host: words('host links') ?? [],
    ...(inside && { inside }),
    ...(nodes && { nodes }),
    ...(numbers && { numbers }),
    lines: (line('NETDEV/DEV/PCI lines') ?? '').match(/\w+="[^"]*"/g) ?? [],
  }
}
