import type { Ability, Connection } from '../../index.js'
import type { AddCommand } from '../cli.js'
import { printable, type Terminal, wordList } from '../terminal.js'

/** `hostdev doctor`: what can be done here, what is missing for the rest, and what was left unfinished. */
export const addDoctor: AddCommand = ({ root, read, out }) => {
  root
    .command('doctor')
    .description('say what this host lacks for giving devices away, and what was left unfinished')
    .option('--json', 'as JSON')
    .action((flags: { json?: boolean }) => read((conn) => doctor(conn, flags, out)))
}

async function doctor(conn: Connection, { json = false }: { json?: boolean }, terminal: Terminal): Promise<void> {
  const abilities = await conn.probe()
  const warnings = conn.warnings()
  const { colour, write } = terminal
  if (json) {
    write(`${JSON.stringify({ abilities, warnings }, null, 2)}\n`)
    return
  }
  const can = abilities.filter((ability) => ability.can)
  if (can.length > 0) write(`${colour.green('yes')}  ${calls(can, terminal)}\n`)
  for (const alike of alikeInReason(abilities.filter((ability) => !ability.can))) {
    const [{ reason = '', remedy }] = alike
    write(`${colour.yellow('no ')}  ${printable(reason)}\n`)
    if (remedy !== undefined) write(`${indent}${colour.cyan(printable(remedy))}\n`)
    write(`${indent}${calls(alike, terminal)}\n`)
  }
  for (const { path, problem } of warnings) write(`${colour.red('!  ')}  ${printable(path)}: ${printable(problem)}\n`)
}

const indent = ' '.repeat(5)

function calls(abilities: readonly Ability[], { width, colour }: Terminal): string {
  const names = abilities.map(({ call }) => call)
  return wordList(names, Math.min(width, 100) - indent.length)
    .map((line) => colour.dim(line))
    .join(`\n${indent}`)
}

/** What one thing that is missing makes impossible, for each such thing. */
function alikeInReason(abilities: readonly Ability[]): Iterable<[Ability, ...Ability[]]> {
  const groups = new Map<string, [Ability, ...Ability[]]>()
  for (const ability of abilities) {
    const key = JSON.stringify([ability.reason, ability.remedy])
    const group = groups.get(key)
    if (group) group.push(ability)
    else groups.set(key, [ability])
  }
  return groups.values()
}
