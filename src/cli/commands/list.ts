import { type Connection, describeDevice, type ListOptions, type NodeDeviceDef } from '../../index.js'
import { type AddCommand, words } from '../cli.js'
import { cut, printable, type Terminal } from '../terminal.js'
import { printTree } from '../tree.js'

/** What `hostdev list` was asked for. */
interface ListFlags {
  tree?: boolean
  names?: boolean
  cap?: string[]
  bus?: string[]
  json?: boolean
}

/** `hostdev list`: the devices of a host, as a table, a tree, names or JSON. */
export const addList: AddCommand = ({ root, read, out }) => {
  root
    .command('list')
    .description('list devices')
    .option('--tree', 'under their parents')
    .option('--names', 'names only: quicker, and made for scripts')
    .option('--cap <kind>', 'only devices of that kind: pci, usb_device, net, storage, fc_host… (repeatable)', words)
    .option('--bus <bus>', 'only devices on that bus: pci, usb, scsi… (repeatable)', words)
    .option('--json', 'as JSON')
    .action((flags: ListFlags) => read((conn) => list(conn, flags, out)))
}

async function list(conn: Connection, flags: ListFlags, terminal: Terminal): Promise<void> {
  const filter: ListOptions = {
    ...(flags.cap && { capability: flags.cap }),
    ...(flags.bus && { bus: flags.bus }),
  }
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
