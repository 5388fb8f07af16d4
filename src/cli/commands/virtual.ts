import { InvalidArgumentError } from 'commander'
import type { NodeDevice } from '../../index.js'
import type { AddCommand } from '../cli.js'
import { readText } from '../read-text.js'
import { printable } from '../terminal.js'

/** What `hostdev nodedev-update` was asked for. */
interface UpdateFlags {
  live?: boolean
  config?: boolean
}

/** Virtual devices: virsh's `nodedev-create` and what belongs to it, and `set-vfs`, which virsh has not. */
export const addVirtual: AddCommand = ({ root, change, out }) => {
  const say = (text: string) => out.write(`${printable(text)}\n`)
  const onFile = (name: string, description: string) =>
    root.command(name).description(description).argument('<file>', "libvirt's XML; - for standard input")
  const onDevice = (name: string, description: string) =>
    root.command(name).description(description).argument('<name>', 'a name, as `hostdev list` shows it')
  const doing = (work: (device: NodeDevice) => Promise<void>, done: string) => (name: string) =>
    change(async (conn) => {
      await work(await conn.lookupNodeDevice(name))
      say(`Device '${name}' ${done}`)
    })

  onFile('nodedev-create', 'make a virtual HBA or a mediated device, which is gone with the next boot').action(
    (file: string) =>
      change(async (conn) => {
        const device = await conn.createNodeDevice(await readText(file))
        say(`Node device '${device.name}' created from '${file}'`)
      }),
  )
  onFile('nodedev-define', 'define a mediated device, without starting it').action((file: string) =>
    change(async (conn) => {
      const device = await conn.defineNodeDevice(await readText(file))
      say(`Node device '${device.name}' defined from '${file}'`)
    }),
  )
  onDevice('nodedev-start', 'start a device that is defined').action(doing((device) => device.start(), 'started'))
  onDevice('nodedev-destroy', 'take a virtual device away').action(doing((device) => device.destroy(), 'destroyed'))
  onDevice('nodedev-undefine', 'forget how a device is defined').action(
    doing((device) => device.undefine(), 'undefined'),
  )
  onDevice('nodedev-autostart', 'have a defined device started with the host')
    .option('--disable', 'or no longer')
    .action((name: string, { disable = false }: { disable?: boolean }) =>
      doing((device) => device.setAutostart(!disable), disable ? 'no longer autostarted' : 'autostarted')(name),
    )
  onDevice('nodedev-update', 'change the attributes of a mediated device')
    .argument('<file>', "libvirt's XML; - for standard input")
    .option('--live', 'of the device that is there')
    .option('--config', 'of its definition')
    .action((name: string, file: string, flags: UpdateFlags) =>
      doing(async (device) => await device.update(await readText(file), flags), 'updated')(name),
    )
  onDevice('set-vfs', 'have an SR-IOV device make so many virtual functions')
    .argument('<count>', 'how many; 0 for none', number)
    .action((name: string, count: number) =>
      doing((device) => device.setVirtualFunctions(count), `has ${count} virtual functions`)(name),
    )
}

function number(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a number.')
}
