import { Option } from 'commander'
import { type Connection, describeStep, type HostStep, type PersistenceForm, persistenceText } from '../../index.js'
import type { AddCommand } from '../cli.js'
import { printable, type Terminal } from '../terminal.js'

/** What a change of a device was asked for. */
interface ChangeFlags {
  dryRun?: boolean
}

/** What `hostdev nodedev-detach` was asked for. */
interface DetachFlags extends ChangeFlags {
  driver?: string
  wholeGroup?: boolean
  force?: boolean
  /** Prints what has the device held after each start of the host. */
  persistent?: PersistenceForm
}

/**
 * `hostdev nodedev-detach`, `nodedev-reattach` and `nodedev-reset`: a device's driver taken, given back, and its reset.
 */
export const addChanges: AddCommand = ({ root, change, out }) => {
  const changing = (name: string, description: string) =>
    root
      .command(name)
      .description(description)
      .argument('<name>', 'a name, as `hostdev list` shows it')
      .option('--dry-run', 'only show what would be done')

  changing('nodedev-detach', 'take a device from its driver, so that a guest may have it')
    .option(
      '--driver <driver>',
      'who is to hold it: vfio (the default), a variant of vfio-pci, or xen (the default on a Xen host)',
    )
    .option('--whole-group', 'with every other device of its IOMMU group')
    .option('--force', 'though the host itself needs it')
    .addOption(
      new Option(
        '--persistent <form>',
        'print what has it held after each start of the host; install it yourself',
      ).choices(['driverctl', 'modprobe', 'udev']),
    )
    .action((name: string, flags: DetachFlags) => change((conn) => detachDevice(conn, name, flags, out)))
  changing('nodedev-reattach', 'give a device back to the driver that it had').action(
    (name: string, flags: ChangeFlags) => change((conn) => reattachDevice(conn, name, flags, out)),
  )
  changing('nodedev-reset', 'reset a device that is detached').action((name: string, flags: ChangeFlags) =>
    change((conn) => resetDevice(conn, name, flags, out)),
  )
}

async function detachDevice(conn: Connection, name: string, flags: DetachFlags, out: Terminal): Promise<void> {
  const device = await conn.lookupNodeDevice(name)
  const text = flags.persistent && persistenceText(await device.def(), flags.persistent)
  report(await device.detach(flags), `${name} detached`, flags, out)
  if (text) out.write(text)
}

async function reattachDevice(conn: Connection, name: string, flags: ChangeFlags, out: Terminal): Promise<void> {
  const device = await conn.lookupNodeDevice(name)
  report(await device.reattach(flags), `${name} re-attached`, flags, out)
}

async function resetDevice(conn: Connection, name: string, flags: ChangeFlags, out: Terminal): Promise<void> {
  const device = await conn.lookupNodeDevice(name)
  report(await device.reset(flags), `${name} reset`, flags, out)
}

function report(steps: readonly HostStep[], done: string, { dryRun = false }: ChangeFlags, { write }: Terminal): void {
  if (!dryRun) write(`${printable(done)}\n`)
  else if (steps.length === 0) write('nothing to do\n')
  else for (const step of steps) write(`${printable(describeStep(step))}\n`)
}
