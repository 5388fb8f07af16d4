/** Runs in the lab: hands devices over to QEMU guests without libvirt, and prints as JSON what it saw on the way. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Domain, type HostdevDef, hostdev } from '../../src/index.js'
import { outcome } from './outcome.js'
import { changed, folder, kill, log, pci, round, start, usb } from './qemu-guests.js'

execFileSync('modprobe', ['vfio-pci'])
execFileSync('modprobe', ['sg'])
await start('one')
await start('two')
await start('acpi', ['-S'])
await using conn = await connect(`qemu+qmp://${folder}`)
while ((await conn.listDomains()).length < 3) await sleep(500)
const [acpi, one, two] = (await conn.listDomains()) as [Domain, Domain, Domain]
log('guests are there')

/** One of two disks that are alike. */
const twin = await (await conn.resolve({ serial: 'LABUSB1' })).def()
const twinUsb = twin.capabilities[0]
if (twinUsb?.kind !== 'usb_device') throw new Error('the lab has no twins')
const { bus, device: number } = twinUsb

const mdev = '83b8f4f2-509f-382f-3c1e-e6bfe0fa2001'
execFileSync('modprobe', ['mtty'])
if (!existsSync(`/sys/bus/mdev/devices/${mdev}`))
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
const absentMdev = '83b8f4f2-509f-382f-3c1e-e6bfe0fa2002'

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
    one.attachHostdev({ kind: 'mdev', managed: false, model: 'vfio-pci', source: { uuid: absentMdev } }),
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
for (const name of ['acpi', 'two']) await kill(name)
const killed = { recovered: await outcome(conn.recover()), changed: await changed() }

log('a USB device that is unplugged while a guest has it')
const port = (twin.path ?? '').replace(/\/(\d+)-(\d+)$/, '/$1-0:1.0/usb$1-port$2/disable')
const unplugged = { attached: await outcome(one.attachHostdev(usb({ address: { bus, device: number } }))) }
writeFileSync(port, '1')
while (existsSync(twin.path ?? '')) await sleep(100)
const gone = {
  listed: (await one.hostdevs()).length,
  detached: await outcome(one.detachHostdev({ alias: 'hostdev0' })),
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
  // last, since no system of the guest lets go of them
  pci: pci(2, 0, 0),
  mdev: { kind: 'mdev', managed: false, model: 'vfio-pci', source: { uuid: mdev } },
} as const satisfies Record<string, HostdevDef>
const keeps: readonly string[] = ['pci', 'mdev']
for (const [name, def] of Object.entries(compared)) {
  log(`the XML of ${name}`)
  xml[name] = hostdev.format(await one.attachHostdev(def))
  if (!keeps.includes(def.kind)) await one.detachHostdev(def)
}
await one.detachHostdevs([compared.pci, compared.mdev])

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
  theirs[name] = hostdev.format(hostdev.parse(virsh('dumpxml', '--xpath', '//hostdev[last()]', 'theirs')))
  if (!keeps.includes(def.kind)) virsh('detach-device', 'theirs', '/tmp/device.xml', '--live')
}
const monitor = readdirSync('/var/lib/libvirt/qemu').find((name) => name.endsWith('-theirs'))
await using libvirts = await connect(`qemu+qmp:///var/lib/libvirt/qemu/${monitor}/monitor.sock`)
const libvirt = {
  device: await outcome(one.attachHostdev(pci(2, 0, 0))),
  guest: await outcome((await libvirts.lookupDomain('monitor')).attachHostdev(compared.ids)),
}
virsh('destroy', 'theirs')
writeFileSync(`/sys/bus/mdev/devices/${mdev}/remove`, '1')
await kill('one')

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
