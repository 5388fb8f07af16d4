import { Command, CommanderError, Option } from 'commander'
import { type Connection, connect, VirtError } from '../index.js'
import { type DetachFlags, detachDevice, reattachDevice, recoverChanges, resetDevice } from './commands/change.js'
import { type CheckFlags, check } from './commands/check.js'
import { type ConvertFlags, convertHostdev } from './commands/convert.js'
import { doctor } from './commands/doctor.js'
import { dumpxml } from './commands/dumpxml.js'
import { info } from './commands/info.js'
import { list } from './commands/list.js'
import { type SnapshotFlags, takeSnapshot } from './commands/snapshot.js'
import { type WatchFlags, watch } from './commands/watch.js'
import { printable, type Terminal, terminalOf } from './terminal.js'

/** Exit statuses, as scripts rely on them. */
const status = { ok: 0, failure: 1, usage: 2 } as const

const words = (value: string, before: string[] = []): string[] => [...before, ...value.split(',')]

/** The command line; what it prints goes to `out`. */
export function program(out: Terminal): Command {
  const root = new Command('hostdev')
    .description('Shows the devices of a virtualization host and hands them to guests.')
    // the bundler puts the number of package.json here
    .version(process.env.HOSTDEV_VERSION ?? 'unbundled', '--version', 'print the version')
    .option(
      '-c, --connect <uri>',
      'the host: linux:///, linux:///?root=DIR, mock:///FOLDER… ($HOSTDEV_URI, else linux:///)',
    )
    .exitOverride()
    .configureOutput({ writeErr: (text) => void process.stderr.write(text) })
    .showHelpAfterError('(hostdev --help shows what there is)')
    .addHelpText(
      'after',
      `
Examples:
  hostdev list --tree                     everything this machine has, under its parents
  hostdev list --bus pci                  one bus only
  hostdev list --cap net --cap storage    several kinds
  hostdev dumpxml pci_0000_00_1f_2        libvirt's XML of one device
  hostdev info net_lo_00_00_00_00_00_00   every value, and where it comes from
  hostdev check pci_0000_02_00_0          whether a guest can have it, and why not
  hostdev nodedev-detach pci_0000_02_00_0 take it from its driver for a guest

Exit status: 0 done, 1 failed, 2 wrong usage.`,
    )

  const open = (readOnly = true) => connect(root.opts<{ connect?: string }>().connect, { readOnly })
  const using = (readOnly: boolean) => async (work: (conn: Connection) => Promise<void>) => {
    await using conn = await open(readOnly)
    await work(conn)
  }
  const on = using(true)
  const change = using(false)
  const compat = () => new Option('--compat', "libvirt 9.0's exact output, its known mistakes included")

  root
    .command('list')
    .description('list devices')
    .option('--tree', 'under their parents')
    .option('--names', 'names only: quicker, and made for scripts')
    .option('--cap <kind>', 'only devices of that kind: pci, usb_device, net, storage, fc_host… (repeatable)', words)
    .option('--bus <bus>', 'only devices on that bus: pci, usb, scsi… (repeatable)', words)
    .option('--json', 'as JSON')
    .action((flags) => on((conn) => list(conn, flags, out)))

  root
    .command('dumpxml')
    .description("print devices as libvirt's XML")
    .argument('[name...]', 'names, as `hostdev list` shows them')
    .option('--all', 'every device')
    .addOption(compat())
    .action((names: string[], flags, command: Command) => {
      if (names.length === 0 && !flags.all)
        command.error('error: name a device, or say --all; `hostdev list` shows what there is')
      return on((conn) => dumpxml(conn, names, flags, out))
    })

  root
    .command('convert')
    .description('say a hostdev in another format: libvirt, proposal-2008, host-2007, qemu, xl, openvz…')
    .argument('[file]', 'where it stands; standard input unless told')
    .requiredOption('--to <format>', 'the format it is to be said in')
    .option('--from <format>', 'the format it is in; found out unless told')
    .action((file: string | undefined, flags: ConvertFlags) => convertHostdev(open, file, flags, out))

  root
    .command('watch')
    .description('show what happens to devices, as it happens')
    .option('--cap <kind>', 'only devices of that kind')
    .option('--device <name>', 'only that device')
    .option('--json', 'a JSON object a line')
    .action((flags: WatchFlags) => on((conn) => watch(conn, flags, out)))

  root
    .command('snapshot')
    .description('record this machine, so that its devices can be looked at anywhere')
    .option('-o, --output <file>', 'where to', 'host.hostdev')
    .option('--scrub', "make up serial numbers, hardware addresses and WWNs in place of this machine's")
    .action((flags: SnapshotFlags) => takeSnapshot(flags, out))

  root
    .command('check')
    .description('say whether devices can be given to a guest, and what speaks for and against it')
    .argument('<name...>', 'names, as `hostdev list` shows them')
    .addOption(new Option('--for <hypervisor>', 'whose guest it is to be').choices(['qemu', 'xen']))
    .option('--json', 'as JSON')
    .action((names: string[], flags: CheckFlags) => on((conn) => check(conn, names, flags, out)))

  const changing = (name: string, description: string) =>
    root
      .command(name)
      .description(description)
      .argument('<name>', 'a name, as `hostdev list` shows it')
      .option('--dry-run', 'only show what would be done')

  changing('nodedev-detach', 'take a device from its driver, so that a guest may have it')
    .option('--driver <driver>', 'who is to hold it: vfio (the default), a variant of vfio-pci, or xen')
    .option('--whole-group', 'with every other device of its IOMMU group')
    .option('--force', 'though the host itself needs it')
    .addOption(
      new Option(
        '--persistent <form>',
        'print what has it held after each start of the host; install it yourself',
      ).choices(['driverctl', 'modprobe', 'udev']),
    )
    .action((name: string, flags: DetachFlags) => change((conn) => detachDevice(conn, name, flags, out)))
  changing('nodedev-reattach', 'give a device back to the driver that it had').action((name: string, flags) =>
    change((conn) => reattachDevice(conn, name, flags, out)),
  )
  changing('nodedev-reset', 'reset a device that is detached').action((name: string, flags) =>
    change((conn) => resetDevice(conn, name, flags, out)),
  )

  root
    .command('doctor')
    .description('say what this host lacks for giving devices away, and what was left unfinished')
    .option('--json', 'as JSON')
    .action((flags: { json?: boolean }) => on((conn) => doctor(conn, flags, out)))

  root
    .command('recover')
    .description('bring changes that were cut off to an end: the host gets its devices back')
    .action(() => change((conn) => recoverChanges(conn, out)))

  root
    .command('info')
    .description('show all that is known of a device, and where each value comes from')
    .argument('<name>', 'a name, as `hostdev list` shows it')
    .action((name: string) => on((conn) => info(conn, name, out)))

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
