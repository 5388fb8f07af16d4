import type { Connection, WatchOptions } from '../../index.js'
import { capability } from '../capability-words.js'
import type { AddCommand } from '../cli.js'
import { printable, type Terminal } from '../terminal.js'

/** What `hostdev watch` was asked for. */
interface WatchFlags {
  cap?: string
  device?: string
  json?: boolean
}

/** `hostdev watch`: a line for each thing that happens to a device, until it is interrupted. */
export const addWatch: AddCommand = ({ root, read, out }) => {
  root
    .command('watch')
    .description('show what happens to devices, as it happens')
    .option('--cap <kind>', 'only devices of that kind', capability)
    .option('--device <name>', 'only that device')
    .option('--json', 'a JSON object a line')
    .action((flags: WatchFlags) => read((conn) => watch(conn, flags, out)))
}

async function watch(conn: Connection, flags: WatchFlags, terminal: Terminal): Promise<void> {
  const options: WatchOptions = {
    ...(flags.cap !== undefined && { capability: flags.cap }),
    ...(flags.device !== undefined && { device: flags.device }),
  }
  await using events = await conn.watchNodeDevices(options)
  for await (const event of events) {
    const { kind, device } = event
    terminal.write(
      flags.json ? `${JSON.stringify(event)}\n` : `${terminal.colour.bold(kind.padEnd(12))} ${printable(device)}\n`,
    )
  }
}
