/**
 * Runs in the lab's dom0: gives USB controllers and devices to an HVM guest and takes them back, by turns through us
 * and through xl; prints what it saw in xenstore and in the guest's QEMU.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { libxlMonitor, type OpenMonitor } from '../../../src/backends/xen/device-model.js'
import { connect, type Domain, type HostdevDef, type UsbControllerDef } from '../../../src/index.js'
import { type XenOptions, xen } from '../../../src/xen.js'
import { outcome } from '../outcome.js'
import { driverOf } from './in-dom0.js'

const name = 'hvm'
/** The lab is emulated, and slow where others are at work beside it. */
const patient = { patience: 600_000 }
const run = (...argv: [string, ...string[]]) => execFileSync(argv[0], argv.slice(1), { encoding: 'utf8' })
const xl = (...args: string[]) => run('xl', ...args)

/** The guest's number, which `xl` needs a look at all guests for. */
const id = Number(xl('domid', name))

/** What was seen last, on standard error: for who watches a slow machine. */
const noted = <T>(what: string, seen: T): T => {
  console.error(what, JSON.stringify(seen))
  return seen
}

/** Nodes of xenstore that are about USB devices of guests, and about changes of them. */
const tree = () =>
  run('xenstore-ls', '-fp')
    .split('\n')
    .filter((row) => /\/vusb|\/usbback|\/tool\/hostdev/.test(row))
    .map((row) => row.replace(/ +\(/, ' (').trimEnd())

/** What libxl and we have given the guest's QEMU: the type of each, with what tells one from another. */
async function inQemu(): Promise<Record<string, unknown>> {
  const qemu = await libxlMonitor(id)
  const devices = (await qemu.execute('qom-list', { path: '/machine/peripheral' })) as { name: string; type: string }[]
  const seen: Record<string, unknown> = {}
  for (const { name: device, type } of devices.filter((each) => each.name.startsWith('xenusb-'))) {
    const path = `/machine/peripheral/${device}`
    const get = (property: string) => qemu.execute('qom-get', { path, property })
    const more = /^xenusb-\d+-/.test(device) ? [await get('parent_bus'), await get('port'), await get('hostaddr')] : []
    seen[device] = [type, ...more]
  }
  qemu.close()
  return seen
}

/** What the guest sees on its USB ports. */
async function plugged(): Promise<string[]> {
  const qemu = await libxlMonitor(id)
  const said = String(await qemu.execute('human-monitor-command', { 'command-line': 'info usb' }))
  qemu.close()
  return [...said.matchAll(/Port (\d+), .* Product (.*), ID/g)].map(([, port, product]) => `${port} ${product}`).sort()
}

const look = async () => ({ tree: tree(), qemu: await inQemu() })

/** The tablet and the disk that the machine has for certain. */
async function devices() {
  await using host = await connect(xen(patient))
  const defs = await Promise.all((await host.listNodeDevices({ capability: 'usb_device' })).map((each) => each.def()))
  const find = (busId: string): Gift => {
    const def = defs.find(({ path }) => path?.endsWith(`/${busId}`))
    const usb = def?.capabilities[0]
    if (usb?.kind !== 'usb_device') throw new Error(`there is no USB device ${busId}`)
    const { bus, device } = usb
    const hostdev: HostdevDef = { kind: 'usb', managed: false, source: { address: { bus, device } } }
    return { hostdev, busId, numbers: [`hostbus=${bus}`, `hostaddr=${device}`] }
  }
  return [find('2-1'), find('1-1')] as const
}

interface Gift {
  readonly hostdev: HostdevDef
  readonly busId: string
  readonly numbers: readonly string[]
}

const interfaceOf = (busId: string): string =>
  readdirSync('/sys/bus/usb/devices').find((each) => each.startsWith(`${busId}:`)) ?? ''
const driver = ({ busId }: Gift) => driverOf('usb', interfaceOf(busId))

/** A controller of each version, made by us and by xl, and taken by the other. */
async function controllers(guest: Domain) {
  const all = []
  for (const def of [{ version: 1 }, { version: 2 }, { version: 3, ports: 4 }] satisfies UsbControllerDef[]) {
    const made = await guest.attachController({ type: 'devicemodel', ...def })
    const byUs = await look()
    xl('usbctrl-detach', name, '0')
    await isGone('xenusb-0')
    const xlTookIt = await look()
    xl('usbctrl-attach', name, 'type=devicemodel', ...Object.entries(def).map(([key, value]) => `${key}=${value}`))
    const byXl = { ...(await look()), controllers: await guest.controllers() }
    await guest.detachController(0)
    all.push({ made, byUs, xlTookIt, byXl, weTookIt: await look() })
  }
  return all
}

/** Waits until the guest has let go of a controller: xl does not. */
async function isGone(device: string): Promise<void> {
  while (device in (await inQemu())) await sleep(200)
}

/** Devices that find a controller by themselves, change hands, and get another number. */
async function handOver(guest: Domain, [tablet, disk]: readonly [Gift, Gift]) {
  const drivers = () => [driver(tablet), driver(disk)]
  const before = drivers()
  const first = await guest.attachHostdev(tablet.hostdev)
  const second = await guest.attachHostdev(disk.hostdev)
  const byUs = { ...(await look()), plugged: await plugged(), drivers: drivers() }
  const listed = [xl('usb-list', name), run('hostdev', '-c', 'xen+xenstore:///', 'usb-list', name)]
  const refused = [
    await outcome(guest.attachHostdev({ ...keyboard, address: { kind: 'usb', bus: 0, port: '7' } })),
    await outcome(guest.attachHostdev(hub)),
  ]
  for (const port of ['1', '2']) xl('usbdev-detach', name, '0', port)
  const xlTookThem = { ...(await look()), drivers: drivers(), hostdevs: await guest.hostdevs() }
  for (const { numbers } of [tablet, disk]) xl('usbdev-attach', name, ...numbers)
  const byXl = { ...(await look()), plugged: await plugged(), drivers: drivers() }
  const hostdevs = await guest.hostdevs()
  await guest.detachHostdevs(hostdevs)
  const weTookThem = { ...(await look()), drivers: drivers() }
  return { before, first, second, byUs, listed, refused, xlTookThem, byXl, hostdevs, weTookThem }
}

const keyboard = { kind: 'usb', managed: false, source: { address: { bus: 2, port: '2' } } } as const
const hub = { kind: 'usb', managed: false, source: { vendor: 0x0409, product: 0x55aa } } as const

/** A device that is unplugged and plugged in again while the guest has it: the host has another number for it then. */
async function replug(guest: Domain, { hostdev, busId }: Gift) {
  await guest.attachHostdev(hostdev)
  const port = `/sys/bus/usb/devices/usb${busId[0]}/${busId[0]}-0:1.0/usb${busId[0]}-port${busId[2]}/disable`
  const isThere = () => readdirSync('/sys/bus/usb/devices').includes(`${busId}:1.0`)
  writeFileSync(port, '1')
  while (isThere()) await sleep(100)
  const unplugged = await guest.hostdevs()
  writeFileSync(port, '0')
  while (!isThere()) await sleep(100)
  const again = await guest.hostdevs()
  const alias = 'vusb-0-1'
  const xlStatus = spawnSync('xl', ['usbdev-detach', name, '0', '1']).status
  await guest.detachHostdev({ alias })
  const taken = await look()
  const given = await guest.attachHostdev(again[0] as HostdevDef)
  const seen = { unplugged, again, xlStatus, taken, given, plugged: await plugged() }
  await guest.detachHostdev({ alias })
  return seen
}

/** A guest that is paused keeps its controllers until it runs again: xl forgets them, we do not. */
async function paused(guest: Domain, { hostdev }: Gift) {
  await using hasty = await connect(xen({ patience: 5000 }))
  const sameGuest = await hasty.lookupDomain(name)
  await guest.attachHostdev(hostdev)
  const before = await look()
  xl('pause', name)
  const kept = { result: await outcome(sameGuest.detachController(0)), ...(await look()) }
  xl('usbctrl-detach', name, '0')
  const forgotten = await look()
  const another = await sameGuest.attachController({})
  xl('unpause', name)
  await isGone('xenusb-0')
  await guest.detachController(another.index ?? 0)
  return { before, kept, forgotten, another, after: await look() }
}

/** A monitor such that this process is killed before or after the command that changes QEMU of that number. */
function dyingAt(point: number): OpenMonitor {
  let count = 0
  const die = () => process.kill(process.pid, 'SIGKILL')
  return async (domain) => {
    const qemu = await libxlMonitor(domain)
    const execute = qemu.execute.bind(qemu)
    qemu.execute = async (command, ...more) => {
      const changes = command === 'device_add' || command === 'device_del'
      if (changes && ++count === point) die()
      const answer = await execute(command, ...more)
      if (changes && ++count === point) die()
      return answer
    }
    return qemu
  }
}

async function killed(guest: Domain, { hostdev, busId }: Gift) {
  await using host = await connect(xen(patient))
  const kill = async (work: 'attach' | 'detach', point: number) => {
    const argv = [process.argv[1] ?? '', work, String(point), JSON.stringify(hostdev)]
    const { signal } = spawnSync(process.execPath, argv)
    const recovered = (await host.recover()).map(({ result }) => result)
    return { work, point, signal, recovered, ...(await look()), driver: driverOf('usb', interfaceOf(busId)) }
  }
  const before = { ...(await look()), driver: driverOf('usb', interfaceOf(busId)) }
  const attaching = []
  // a controller and the device: before and after QEMU is told of each
  for (const point of [1, 2, 3, 4]) attaching.push(noted('killed', await kill('attach', point)))
  await guest.attachController({})
  const without = { ...(await look()), driver: driverOf('usb', interfaceOf(busId)) }
  const detaching = []
  for (const point of [1, 2]) {
    await guest.attachHostdev(hostdev)
    detaching.push(noted('killed', await kill('detach', point)))
  }
  return { before, attaching, without, detaching }
}

/** A guest that ends with a device. */
async function destroyed(guest: Domain, gift: Gift) {
  await using host = await connect(xen(patient))
  const before = driver(gift)
  await guest.attachHostdev(gift.hostdev)
  const withGuest = driver(gift)
  xl('destroy', name)
  while (driver(gift) !== before) await sleep(100)
  const free = await (await host.lookupNodeDevice(`usb_${gift.busId.replace('-', '_')}`)).assignability()
  return {
    withGuest,
    after: driver(gift),
    tree: tree(),
    recovered: await host.recover(),
    findings: free.findings.map(({ code }) => code),
  }
}

const [work, point, def] = process.argv.slice(2)
if (work === 'attach' || work === 'detach') {
  const options: XenOptions = { ...patient, monitor: dyingAt(Number(point)) }
  const guest = await (await connect(xen(options))).lookupDomain(name)
  if (work === 'attach') await guest.attachHostdev(JSON.parse(def ?? '') as HostdevDef)
  else await guest.detachHostdev(JSON.parse(def ?? '') as HostdevDef)
  process.exit()
}

async function all() {
  await using host = await connect(xen(patient))
  const guest = await host.lookupDomain(name)
  const gifts = await devices()
  const start = await look()
  return {
    id,
    start,
    controllers: noted('controllers', await controllers(guest)),
    handOver: noted('hand over', await handOver(guest, gifts)),
    replug: noted('replug', await replug(guest, gifts[0])),
    paused: noted('paused', await paused(guest, gifts[1])),
    killed: noted('killed', await killed(guest, gifts[1])),
    destroyed: noted('destroyed', await destroyed(guest, gifts[1])),
  }
}
const seen = await all()
console.log(JSON.stringify(seen))

/** What it prints. */
export type HvmHandOver = typeof seen
