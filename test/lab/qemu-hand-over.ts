/** Runs in the lab: hands devices over to QEMU guests without libvirt, and prints as JSON what it saw on the way. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Domain, type HostdevDef, type HostdevRequest, hostdev, VirtError } from '../../src/index.js'

const folder = '/tmp/monitors'
const guests = new Map<string, ChildProcess>()
const began = Date.now()
const log = (text: string) => process.stderr.write(`[${((Date.now() - began) / 1000).toFixed(1)}] ${text}\n`)

/** What libvirt would make of the domain that the comparison defines: four ports, a USB and a SCSI controller. */
const board = [
  ...[1, 2, 3, 4].flatMap((port) => [
    '-device',
    `pcie-root-port,id=pci.${port},chassis=${port},slot=${port},addr=${port}`,
  ]),
  ...['-device', 'qemu-xhci,id=usb,p2=8,p3=8,addr=5', '-device', 'virtio-scsi-pci,id=scsi0,addr=6'],
]
/** Without ACPI in between QEMU takes PCI devices from a guest that has no system. */
const noSystem = ['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off']

async function start(name: string, args: readonly string[] = noSystem): Promise<void> {
  const monitor = `${folder}/${name}.sock`
  const machine = [
    '-S',
    '-nodefaults',
    '-display',
    'none',
    '-machine',
    'q35',
    '-accel',
    'tcg',
    '-m',
    '128',
    '-name',
    name,
  ]
  const argv = [...machine, ...board, '-qmp', `unix:${monitor},server=on,wait=off`, ...args]
  guests.set(name, spawn('qemu-system-x86_64', argv, { stdio: ['ignore', 'inherit', 'inherit'] }))
  while (!existsSync(monitor)) await sleep(100)
}

/** Driver of every PCI function and USB interface, and the overrides: what has to be as it was. */
function host(): Record<string, string> {
  const found: Record<string, string> = {}
  for (const bus of ['pci', 'usb'])
    for (const device of readdirSync(`/sys/bus/${bus}/devices`)) {
      const at = `/sys/bus/${bus}/devices/${device}`
      const driver = existsSync(`${at}/driver`) ? (readlinkSync(`${at}/driver`).split('/').at(-1) ?? '') : '-'
      const override = existsSync(`${at}/driver_override`) ? readFileSync(`${at}/driver_override`, 'utf8').trim() : ''
      found[device] = `${driver} ${override}`
    }
  return found
}
const before = host()
/** What is not as it was, when all has settled. */
async function changed(): Promise<string[]> {
  for (let wait = 0; ; wait++) {
    const now = host()
    const differing = Object.keys(before).filter((device) => now[device] !== before[device])
    if (differing.length === 0 || wait === 120)
      return differing.map((device) => `${device}: ${before[device]} -> ${now[device]}`)
    await sleep(500)
  }
}

/** How a call ended: what it answered, or its error's code and message. */
async function outcome<T>(call: Promise<T>): Promise<T | string> {
  try {
    return await call
  } catch (error) {
    return VirtError.is(error) ? `${error.code}: ${error.message}` : String(error)
  }
}

/** Gives and takes a device, and sees what has changed. */
async function round(guest: Domain, what: string, wanted: HostdevRequest) {
  log(what)
  const attached = await outcome(guest.attachHostdev(wanted))
  if (typeof attached === 'string') return { what, attached, listed: [], detached: '', changed: await changed() }
  const listed = await guest.hostdevs()
  const again = await outcome(guest.attachHostdev(wanted))
  const detached = await outcome(guest.detachHostdev(attached))
  return { what, attached, listed, again, detached: detached ?? 'done', changed: await changed() }
}

const pci = (bus: number, slot: number, fn: number, managed = true): HostdevDef => ({
  kind: 'pci',
  managed,
  source: { address: { domain: 0, bus, slot, function: fn } },
})
const usb = (source: Extract<HostdevDef, { kind: 'usb' }>['source'], managed = false): HostdevDef => ({
  kind: 'usb',
  managed,
  source,
})

execFileSync('modprobe', ['vfio-pci'])
execFileSync('modprobe', ['sg'])
// sockets of an earlier run have nobody behind them
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
await start('one')
await start('two')
await start('acpi', [])
await using conn = await connect(`qemu+qmp://${folder}`)
while ((await conn.listDomains()).length < guests.size) await sleep(500)
const [acpi, one, two] = (await conn.listDomains()) as [Domain, Domain, Domain]
log('guests are there')

/** One of two disks that are alike. */
const twin = await (await conn.resolve({ serial: 'LABUSB1' })).def()
const twinUsb = twin.capabilities[0]
if (twinUsb?.kind !== 'usb_device') throw new Error('the lab has no twins')
const { bus, device: number } = twinUsb

const mdev = '83b8f4f2-509f-382f-3c1e-e6bfe0fa2001'
execFileSync('modprobe', ['mtty'])
writeFileSync('/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1/create', mdev)

const rounds = [
  await round(one, 'a PCI card', pci(2, 0, 0)),
  await round(one, 'a USB device by its ids', usb({ vendor: 0x08e6, product: 0x4433 })),
  await round(one, 'a twin by its address', usb({ address: { bus, device: number } })),
  await round(one, 'a twin by its port', { port: twin.path?.split('/').at(-1) ?? '' }),
  await round(one, 'a twin by its serial', { serial: 'LABUSB2' }),
  await round(one, 'a twin by name', { name: twin.name }),
  await round(one, 'a managed USB device', usb({ vendor: 0x08e6, product: 0x4433 }, true)),
  await round(one, 'a SCSI unit', { name: 'scsi_2_0_0_0' }),
  await round(one, 'a mediated device', { uuid: mdev }),
]
writeFileSync(`/sys/bus/mdev/devices/${mdev}/remove`, '1')

log('wrong cases')
const wrong = {
  absentPci: await outcome(one.attachHostdev(pci(0x7f, 0, 0))),
  notDetached: await outcome(one.attachHostdev(pci(2, 0, 0, false))),
  group: await outcome(one.attachHostdev(pci(1, 0, 0))),
  bridge: await outcome(one.attachHostdev(pci(0, 0x10, 0))),
  rootBus: await outcome(
    one.attachHostdev({
      ...pci(2, 0, 0),
      address: { kind: 'pci', domain: 0, bus: 0, slot: 9, function: 0 },
    } as HostdevDef),
  ),
  absentUsb: await outcome(one.attachHostdev(usb({ address: { bus: 4, device: 99 } }))),
  absentIds: await outcome(one.attachHostdev(usb({ vendor: 0xdead, product: 0xbeef }))),
  twins: await outcome(one.attachHostdev(usb({ vendor: 0x46f4, product: 1 }))),
  rootHub: await outcome(one.attachHostdev(usb({ address: { bus, device: 1 } }))),
  absentMdev: await outcome(
    one.attachHostdev({ kind: 'mdev', managed: false, model: 'vfio-pci', source: { uuid: mdev } }),
  ),
  changed: await changed(),
}

log('two guests')
await one.attachHostdevs([pci(2, 0, 0), usb({ vendor: 0x08e6, product: 0x4433 })])
const shared = {
  pci: await outcome(two.attachHostdev(pci(2, 0, 0))),
  usb: await outcome(two.attachHostdev(usb({ vendor: 0x08e6, product: 0x4433 }))),
  detach: await outcome((await conn.lookupNodeDevice('pci_0000_02_00_0')).detach()),
  rollback: await outcome(two.attachHostdevs([{ name: 'scsi_2_0_0_0' }, pci(2, 0, 0)])),
  left: await two.hostdevs(),
}
await one.detachHostdevs([{ alias: 'hostdev0' }, { alias: 'hostdev1' }])

log('a whole group')
await (await conn.lookupNodeDevice('pci_0000_01_00_0')).detach({ wholeGroup: true })
const group = {
  both: await outcome(one.attachHostdevs([pci(1, 0, 0, false), pci(1, 0, 1, false)])),
  other: await outcome(two.attachHostdev(pci(1, 0, 1, false))),
  taken: await outcome(one.detachHostdevs([pci(1, 0, 0, false), pci(1, 0, 1, false)])),
}
await (await conn.lookupNodeDevice('pci_0000_01_00_0')).reattach()
await (await conn.lookupNodeDevice('pci_0000_01_00_1')).reattach()

log('a stopped guest with ACPI')
await acpi.attachHostdev(pci(2, 0, 0))
const stopped = await outcome(acpi.detachHostdev(pci(2, 0, 0)))

log('guests that are killed')
await two.attachHostdevs([usb({ vendor: 0x08e6, product: 0x4433 }), usb({ address: { bus, device: number } })])
for (const name of ['acpi', 'two']) {
  const child = guests.get(name)
  child?.kill('SIGKILL')
  while (child?.signalCode === null) await sleep(50)
}
const killed = { recovered: await outcome(conn.recover()), changed: await changed() }

log('a USB device that is unplugged while a guest has it')
const port = (twin.path ?? '').replace(/\/(\d+)-(\d+)$/, '/$1-0:1.0/usb$1-port$2/disable')
const unplugged = { attached: await outcome(one.attachHostdev(usb({ address: { bus, device: number } }))) }
writeFileSync(port, '1')
while (existsSync(twin.path ?? '')) await sleep(100)
const gone = {
  listed: (await one.hostdevs()).length,
  detached: (await outcome(one.detachHostdev({ alias: 'hostdev0' }))) ?? 'done',
  left: await one.hostdevs(),
}
writeFileSync(port, '0')
// the emulated controller sees the device again when it begins anew
const [, controller = ''] = /([^/]+)\/usb\d+\//.exec(twin.path ?? '') ?? []
for (const file of ['unbind', 'bind']) writeFileSync(`/sys/bus/pci/drivers/xhci_hcd/${file}`, controller)
const replugged = { ...gone, changed: await changed(), ...(typeof unplugged.attached === 'string' && unplugged) }
const number2 = Number(readFileSync(`${twin.path}/devnum`, 'utf8'))

const xml: Record<string, string> = {}
const compared = {
  ids: usb({ vendor: 0x08e6, product: 0x4433 }),
  address: usb({ address: { bus, device: number2 } }),
  scsi: {
    kind: 'scsi',
    managed: false,
    source: { kind: 'adapter', adapter: 'scsi_host2', address: { bus: 0, target: 0, unit: '0' } },
  },
  // last, since no system of the guest lets go of it
  pci: pci(2, 0, 0),
} as const satisfies Record<string, HostdevDef>
for (const [name, def] of Object.entries(compared)) {
  log(`the XML of ${name}`)
  xml[name] = hostdev.format(await one.attachHostdev(def))
  await one.detachHostdev(def)
}

log('the same by libvirtd')
const virsh = (...args: string[]) =>
  execFileSync('virsh', ['-q', '-c', 'qemu:///system', ...args], { encoding: 'utf8' })
const slot = (number: number) => `<address type='pci' domain='0' bus='0' slot='${number}' function='0'/>`
writeFileSync(
  '/tmp/theirs.xml',
  `<domain type='qemu'><name>theirs</name><memory unit='MiB'>128</memory>
<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>
<controller type='pci' index='0' model='pcie-root'/>
${[1, 2, 3, 4].map((port) => `<controller type='pci' index='${port}' model='pcie-root-port'>${slot(port)}</controller>`).join('\n')}
<controller type='usb' index='0' model='qemu-xhci' ports='8'>${slot(5)}</controller>
<controller type='scsi' index='0' model='virtio-scsi'>${slot(6)}</controller>
<memballoon model='none'/></devices></domain>`,
)
virsh('create', '--paused', '/tmp/theirs.xml')
const theirs: Record<string, string> = {}
for (const [name, def] of Object.entries(compared)) {
  log(`libvirt's XML of ${name}`)
  writeFileSync('/tmp/device.xml', hostdev.format(def))
  virsh('attach-device', 'theirs', '/tmp/device.xml', '--live')
  theirs[name] = hostdev.format(hostdev.parse(virsh('dumpxml', '--xpath', '//hostdev', 'theirs')))
  if (name !== 'pci') virsh('detach-device', 'theirs', '/tmp/device.xml', '--live')
}
const monitor = readdirSync('/var/lib/libvirt/qemu').find((name) => name.endsWith('-theirs'))
await using libvirts = await connect(`qemu+qmp:///var/lib/libvirt/qemu/${monitor}/monitor.sock`)
const libvirt = {
  device: await outcome(one.attachHostdev(pci(2, 0, 0))),
  guest: await outcome((await libvirts.lookupDomain('monitor')).attachHostdev(compared.ids)),
}
virsh('destroy', 'theirs')
guests.get('one')?.kill()

const handOver = {
  rounds,
  wrong,
  shared,
  group,
  stopped,
  killed,
  replugged,
  xml,
  theirs,
  libvirt,
  changed: await changed(),
}
console.log(JSON.stringify(handOver))
process.exit(0)

/** What is printed. */
export type QemuHandOver = typeof handOver
