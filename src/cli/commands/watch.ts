import type { Connection, WatchOptions } from '../../index.js'
import { capability } from '../capability-words.js'
import type { AddCommand } from '../cli.js'
import { type FleetFlags, fleetOptions, severalHosts, withHosts } from '../fleet-hosts.js'
import type { Terminal } from '../terminal.js'
import { eventWords, watchHosts } from './watch-fleet.js'

/** What `hostdev watch` was asked for. */
interface WatchFlags extends FleetFlags {
  cap?: string
  device?: string
  json?: boolean
}

/** `hostdev watch`: a line for each thing that happens to a device, until it is interrupted. */
export const addWatch: AddCommand = ({ root, read, named, out }) => {
  const command = root
    .command('watch')
    .description('show what happens to devices, as it happens, of one host or of several')
    .option('--cap <kind>', 'only devices of that kind', capability)
    .option('--device <name>', 'only that device')
    .option('--json', 'a JSON object a line')
  withHosts(command).action(async (flags: WatchFlags) => {
    const hosts = severalHosts(named(), flags)
    const { json = false } = flags
    if (hosts) await watchHosts(hosts, { options: watched(flags), json, ...fleetOptions(flags) }, out)
    else await read((conn) => watch(conn, flags, out))
  })
}

const watched = ({ cap, device }: WatchFlags): WatchOptions => ({
  ...(cap !== undefined && { capability: cap }),
  ...(device !== undefined && { device }),
})

async function watch(conn: Connection, flags: WatchFlags, terminal: Terminal): Promise<void> {
  await using events = await conn.watchNodeDevices(watched(flags))
  for await (const event of events)
    terminal.write(flags.json ? `${JSON.stringify(event)}\n` : `${eventWords(event, terminal)}\n`)
}
