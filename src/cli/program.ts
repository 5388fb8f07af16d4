import { Command, CommanderError } from 'commander'
import { type Connection, connect, VirtError } from '../index.js'
import type { AddCommand } from './cli.js'
import { addGuestDevices } from './commands/attach.js'
import { addChanges } from './commands/change.js'
import { addCheck } from './commands/check.js'
import { addConvert } from './commands/convert.js'
import { addDoctor } from './commands/doctor.js'
import { addDomains } from './commands/domains.js'
import { addDumpxml } from './commands/dumpxml.js'
import { addFollow } from './commands/follow.js'
import { addInfo } from './commands/info.js'
import { addList } from './commands/list.js'
import { addRecover } from './commands/recover.js'
import { addSnapshot } from './commands/snapshot.js'
import { addVirtual } from './commands/virtual.js'
import { addWatch } from './commands/watch.js'
import { addXenUsb } from './commands/xen-usb.js'
import { printable, type Terminal, terminalOf } from './terminal.js'

/** The commands, in the order in which the help shows them. */
const commands: readonly AddCommand[] = [
  addList,
  addInfo,
  addDumpxml,
  addConvert,
  addWatch,
  addFollow,
  addSnapshot,
  addCheck,
  addChanges,
  addVirtual,
  addDomains,
  addGuestDevices,
  addXenUsb,
  addDoctor,
  addRecover,
]

/** Exit statuses, as scripts rely on them. */
const status = { ok: 0, failure: 1, usage: 2 } as const

/** The command line; what it prints goes to `out`. */
export function program(out: Terminal): Command {
  const root = new Command('hostdev')
    .description('Shows the devices of a virtualization host and hands them to guests.')
    // the bundler puts the number of package.json here
    .version(process.env.HOSTDEV_VERSION ?? 'unbundled', '--version', 'print the version')
    .option(
      '-c, --connect <uri>',
      'the host: linux:///, mock:///FOLDER, qemu+qmp:///FOLDER, qemu+ssh://HOST/system… ($HOSTDEV_URI, else linux:///); list and watch take several',
      (uri: string, before: string[] = []) => [...before, uri],
    )
    .exitOverride()
    .configureOutput({ writeErr: (text) => void process.stderr.write(text) })
    .showHelpAfterError('(hostdev --help shows what there is)')
    .addHelpText(
      'after',
      `
Examples:
  hostdev list --tree                                     everything this machine has, under its parents
  hostdev list --bus pci                                  one bus only
  hostdev list --cap net --cap storage                    several kinds
  hostdev list --hosts hosts.txt                          of many hosts at once
  hostdev dumpxml pci_0000_00_1f_2                        libvirt's XML of one device
  hostdev info net_lo_00_00_00_00_00_00                   every value, and where it comes from
  hostdev check pci_0000_02_00_0                          whether a guest can have it, and why not
  hostdev nodedev-detach pci_0000_02_00_0                 take it from its driver for a guest
  hostdev -c qemu+qmp:///run/vms domains                  who has which device
  hostdev -c qemu+qmp:///run/vms attach web 1cbe:0002     give a guest that USB device

Exit status: 0 done, 1 failed, 2 wrong usage.`,
    )

  const named = () => root.opts<{ connect?: string[] }>().connect ?? []
  const open = async (readOnly = true) => {
    const [host, ...others] = named()
    if (others.length > 0)
      throw new VirtError('invalid-argument', 'this command is for one host; only list and watch take several')
    return await connect(host, { readOnly })
  }
  const using = (readOnly: boolean) => async (work: (conn: Connection) => Promise<void>) => {
    await using conn = await open(readOnly)
    await work(conn)
  }
  const cli = { root, out, named, open, read: using(true), change: using(false) }
  for (const add of commands) add(cli)
  return root
}

/** Runs the command line and answers with its exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const out = terminalOf(process.stdout, process.env)
  // the reader of a pipe may leave early, as `head` does; that is no failure
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? status.ok : status.failure),
  )
  try {
    await program(out).parseAsync(argv, { from: 'user' })
    return status.ok
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? status.ok : status.usage
    if (!VirtError.is(error)) throw error
    const { colour } = terminalOf(process.stderr, process.env)
    process.stderr.write(`${colour.red('error:')} ${printable(error.message)}\n`)
    return status.failure
  }
}
