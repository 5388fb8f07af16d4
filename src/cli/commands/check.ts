import { Option } from 'commander'
import { type Assignability, type Connection, type FindingSeverity, VirtError } from '../../index.js'
import type { AddCommand } from '../cli.js'
import { printable, type Terminal } from '../terminal.js'

/** What `hostdev check` was asked for. */
interface CheckFlags {
  for?: 'qemu' | 'xen'
  json?: boolean
}

/** `hostdev check`: whether devices can be given to a guest, and all that speaks for and against it. */
export const addCheck: AddCommand = ({ root, read, out }) => {
  root
    .command('check')
    .description('say whether devices can be given to a guest, and what speaks for and against it')
    .argument('<name...>', 'names, as `hostdev list` shows them')
    .addOption(new Option('--for <hypervisor>', 'whose guest it is to be').choices(['qemu', 'xen']))
    .option('--json', 'as JSON')
    .action((names: string[], flags: CheckFlags) => read((conn) => check(conn, names, flags, out)))
}

async function check(
  conn: Connection,
  names: readonly string[],
  { for: hypervisor, json = false }: CheckFlags,
  terminal: Terminal,
): Promise<void> {
  const answers: Record<string, Assignability> = {}
  for (const name of names) {
    const device = await conn.lookupNodeDevice(name)
    answers[name] = await device.assignability(hypervisor ? { for: hypervisor } : {})
  }
  if (json) terminal.write(`${JSON.stringify(answers, null, 2)}\n`)
  else for (const [name, answer] of Object.entries(answers)) show(name, answer, terminal)
  const refused = names.filter((name) => !answers[name]?.assignable)
  if (refused.length > 0)
    throw new VirtError('operation-invalid', `${refused.join(', ')} cannot be given to a guest as it is`)
}

function show(name: string, { assignable, findings }: Assignability, { colour, write }: Terminal): void {
  const shades: Readonly<Record<FindingSeverity, (text: string) => string>> = {
    blocker: colour.red,
    danger: colour.yellow,
    note: colour.dim,
  }
  write(`${colour.bold(printable(name))}  ${assignable ? colour.green('can be given to a guest') : 'not now'}\n`)
  for (const { severity, message, remedy } of findings) {
    write(`  ${shades[severity](severity.padEnd(7))}  ${printable(message)}\n`)
    if (remedy !== undefined) write(`${' '.repeat(11)}${colour.cyan(printable(remedy))}\n`)
  }
}
