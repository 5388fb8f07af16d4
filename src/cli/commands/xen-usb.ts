import { type Connection, type Domain, type UsbControllerDef, VirtError } from '../../index.js'
import type { AddCommand } from '../cli.js'
import { printable, type Terminal } from '../terminal.js'

/**
 * `usb-list`, `usbctrl-attach`, `usbctrl-detach`, `usbdev-attach` and `usbdev-detach`, with the arguments and the
 * output of `xl` (xl(1), tools/xl/xl_usb.c), for any host whose guests have USB controllers.
 */
export const addXenUsb: AddCommand = ({ root, read, change, out }) => {
  const command = (name: string, description: string) =>
    root.command(name).description(description).argument('<domain>', 'the guest, by its number, name or UUID')

  command('usb-list', 'show the USB controllers of a guest, and what is on their ports').action((domain: string) =>
    read((conn) => listUsb(conn, domain, out)),
  )
  command('usbctrl-attach', 'give a guest a USB controller')
    .argument('[key=value...]', 'type=pv|qusb|devicemodel, version=1|2|3, ports=NUMBER')
    .action((domain: string, settings: string[]) => change((conn) => attachController(conn, domain, settings)))
  command('usbctrl-detach', 'take a USB controller from a guest, with every device on it')
    .argument('<devid>', 'number of the controller, as usb-list shows it')
    .action((domain: string, devid: string) =>
      change(async (conn) => await (await guestOf(conn, domain)).detachController(numberIn('controller', devid, 0))),
    )
  command('usbdev-attach', 'give a guest a USB device of the host')
    .argument('<key=value...>', 'hostbus=BUS and hostaddr=DEVICE, as lsusb shows them; controller=DEVID, port=NUMBER')
    .action((domain: string, settings: string[]) => change((conn) => attachDevice(conn, domain, settings)))
  command('usbdev-detach', 'take a USB device from a guest')
    .argument('<controller>', 'number of the controller, as usb-list shows it')
    .argument('<port>', 'number of its port')
    .action((domain: string, controller: string, port: string) =>
      change((conn) => detachDevice(conn, domain, controller, port)),
    )
}

/** xl knows guests by their numbers, too; a name of digits is a number there. */
async function guestOf(conn: Connection, domain: string): Promise<Domain> {
  if (!/^\d+$/.test(domain)) return await conn.lookupDomain(domain)
  for (const guest of await conn.listDomains()) if ((await guest.info()).id === Number(domain)) return guest
  return await conn.lookupDomain(domain)
}

async function listUsb(conn: Connection, domain: string, { write }: Terminal): Promise<void> {
  const guest = await guestOf(conn, domain)
  const [controllers, hostdevs] = await Promise.all([guest.controllers(), guest.hostdevs()])
  const places = new Map<string, string>()
  for (const def of hostdevs) {
    if (def.kind !== 'usb' || def.address?.kind !== 'usb') continue
    const { bus, device } = def.source.address ?? {}
    const known = device !== undefined && bus !== undefined
    places.set(
      `${def.address.bus ?? 0}.${def.address.port}`,
      known ? ` Bus ${hex3(bus)} Device ${hex3(device)}` : ' gone',
    )
  }
  for (const controller of controllers) {
    const { index = 0, ports = 0 } = controller
    write(`${columns(['Devid', 'Type', 'BE', 'state', 'usb-ver', 'ports'])}\n${columns(rowOf(controller))}\n`)
    for (let port = 1; port <= ports; port++) write(`  Port ${port}:${places.get(`${index}.${port}`) ?? ''}\n`)
  }
}

/** xl prints bus and device as it prints no other numbers, in hexadecimal. */
const hex3 = (value: number): string => value.toString(16).padStart(3, '0')

const rowOf = ({ index = 0, type = 'devicemodel', backend = 0, state = 0, version, ports = 0 }: UsbControllerDef) =>
  [index, printable(type), backend, state, version ?? 0, ports].map(String)

const widths = [6, 12, 3, 5, 7, 5]

const columns = (cells: readonly string[]): string =>
  cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' ')

async function attachController(conn: Connection, domain: string, settings: readonly string[]): Promise<void> {
  const { readXlController } = await import('../../xen.js')
  // its place in a list of xl.cfg means nothing here: the guest finds it a number
  const { index: _, ...def } = readXlController(settings.join(','), 0)
  await (await guestOf(conn, domain)).attachController(def)
}

async function attachDevice(conn: Connection, domain: string, settings: readonly string[]): Promise<void> {
  const { readXlDevice } = await import('../../xen.js')
  const def = readXlDevice({ key: 'usbdev', text: settings.join(',') })
  if (def) await (await guestOf(conn, domain)).attachHostdev(def)
}

async function detachDevice(conn: Connection, domain: string, controller: string, port: string): Promise<void> {
  const place = {
    kind: 'usb',
    // xl(1) shows these words, though xl itself takes numbers alone
    bus: numberIn('controller', controller.replace(/^controller=/, ''), 0),
    port: String(numberIn('port', port.replace(/^port=/, ''), 1)),
  } as const
  await (await guestOf(conn, domain)).detachHostdev({ address: place })
}

function numberIn(what: string, text: string, least: number): number {
  if (/^\d{1,4}$/.test(text) && Number(text) >= least) return Number(text)
  throw new VirtError('invalid-argument', `${JSON.stringify(text)} is no ${what}; usb-list shows their numbers`)
}
