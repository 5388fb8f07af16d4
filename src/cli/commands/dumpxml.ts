import type { Command } from 'commander'
import { type Connection, nodeDevice, VirtError } from '../../index.js'
import type { AddCommand } from '../cli.js'
import type { Terminal } from '../terminal.js'

/** What `hostdev dumpxml` was asked for. */
interface DumpFlags {
  all?: boolean
  compat?: boolean
}

/** `hostdev dumpxml`: libvirt's XML of devices, one document after another. */
export const addDumpxml: AddCommand = ({ root, read, out }) => {
  root
    .command('dumpxml')
    .description("print devices as libvirt's XML")
    .argument('[name...]', 'names, as `hostdev list` shows them')
    .option('--all', 'every device')
    .option('--compat', "libvirt 9.0's exact output, its known mistakes included")
    .action((names: string[], flags: DumpFlags, command: Command) => {
      if (names.length === 0 && !flags.all)
        command.error('error: name a device, or say --all; `hostdev list` shows what there is')
      return read((conn) => dumpxml(conn, names, flags, out))
    })
}

async function dumpxml(
  conn: Connection,
  names: readonly string[],
  flags: DumpFlags,
  terminal: Terminal,
): Promise<void> {
  const options = { compat: flags.compat ?? false }
  if (flags.all) for await (const def of conn.nodeDeviceDefs(options)) terminal.write(nodeDevice.format(def, options))
  let missing: unknown
  for (const name of names) {
    try {
      terminal.write(await (await conn.lookupNodeDevice(name)).xml(options))
    } catch (error) {
      // the others are shown all the same; the first that is missing is what the command ends with
      if (!VirtError.is(error, 'no-node-device', 'invalid-argument')) throw error
      missing ??= error
    }
  }
  if (missing !== undefined) throw missing
}
