import type { Connection } from '../../index.js'
import type { AddCommand } from '../cli.js'
import { printable, type Terminal } from '../terminal.js'

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
  const width = Math.max(...abilities.map(({ call }) => call.length))
  for (const { call, can, reason, remedy } of abilities) {
    const mark = can ? colour.green('yes') : colour.yellow('no ')
    write(`${mark}  ${call.padEnd(width)}  ${colour.dim(printable(reason ?? ''))}`.trimEnd().concat('\n'))
    if (remedy !== undefined) write(`${' '.repeat(width + 7)}${colour.cyan(printable(remedy))}\n`)
  }
  for (const { path, problem } of warnings) write(`${colour.red('!  ')}  ${printable(path)}: ${printable(problem)}\n`)
}
