import { type Connection, describeDevice, type ListOptions, type NodeDeviceDef } from '../../index.js'
import { capabilities } from '../capability-words.js'
import { type AddCommand, words } from '../cli.js'
import { type FleetFlags, fleetOptions, severalHosts, withHosts } from '../fleet-hosts.js'
import { cut, printable, type Terminal } from '../terminal.js'
import { printTree } from '../tree.js'
import { listFleet } from './list-fleet.js'

/** What `hostdev list` was asked for. */
interface ListFlags extends FleetFlags {
  tree?: boolean
  names?: boolean
  cap?: string[]
  bus?: string[]
  json?: boolean
}

/** `hostdev list`: the devices of a host or of many, as a table, a tree, names or JSON. */
export const addList: AddCommand = ({ root, read, named, out }) => {
  const command = root
    .command('list')
    .description('list devices, of one host or of several')
    .option('--tree', 'under their parents')
    .option('--names', 'names only: quicker, and made for scripts')
    .option(
      '--cap <kind>',
      'only devices of that kind: pci, usb_device, net, storage, fc_host… (repeatable)',
      capabilities,
    )
    .option('--bus <bus>', 'only devices on that bus: pci, usb, scsi… (repeatable)', words)
    .option('--json', 'as JSON')
  withHosts(command).action(async (flags: ListFlags) => {
    const hosts = severalHosts(named(), flags)
    if (hosts) await listFleet(hosts, fleetListing(flags), out)
    else await read((conn) => list(conn, flags, out))
  })
}

const fleetListing = (flags: ListFlags) => ({
  filter: filterOf(flags),
  names: flags.names ?? false,
  json: flags.json ?? false,
  print: flags.tree ? printTree : printTable,
  ...fleetOptions(flags),
})

const filterOf = ({ cap, bus }: ListFlags): ListOptions => ({
  ...(cap && { capability: cap }),
  ...(bus && { bus }),
})

async function list(conn: Connection, flags: ListFlags, terminal: Terminal): Promise<void> {
  const filter = filterOf(flags)
  if (flags.names) {
    const names = (await conn.listNodeDevices(filter)).map((device) => device.name)
    terminal.write(flags.json ? `${JSON.stringify(names, null, 2)}\n` : names.map((name) => `${name}\n`).join(''))
    return
  }
  const defs: NodeDeviceDef[] = []
  for await (const def of conn.nodeDeviceDefs(filter)) defs.push(def)
  if (flags.json) terminal.write(`${JSON.stringify(defs, null, 2)}\n`)
  else if (flags.tree) printTree(defs, terminal)
  else printTable(defs, terminal)
}

function printTable(defs: readonly NodeDeviceDef[], terminal: Terminal): void {
  const rows = defs
    .map((def) => [
      printable(def.name),
      def.capabilities.map((each) => (each.kind === 'other' ? each.type : each.kind)).join(','),
      printable(def.driver ?? '-'),
      printable(describeDevice(def)),
    ])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  const { colour, width } = terminal
  for (const row of rows) {
    const [name = '', kind = '', driver = ''] = row.map((cell, column) => cell.padEnd(widths[column] ?? 0))
    const used = name.length + kind.length + driver.length + 6
    const facts = cut(row[3] ?? '', width - used)
    terminal.write(
      used > width
        ? `${cut(name, width)}\n`
        : `${name}  ${colour.dim(kind)}  ${colour.green(driver)}  ${colour.cyan(facts)}`.trimEnd().concat('\n'),
    )
  }
}
