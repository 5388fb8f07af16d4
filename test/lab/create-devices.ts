/**
 * Runs in the lab: makes, uses and takes away virtual devices without libvirt, and prints as JSON what its libvirtd and
 * hostdev say of them after each step. `create-devices.mjs WORK` does one piece of work and kills itself in its middle.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, connect, type NodeDeviceDef, VirtError } from '../../src/index.js'
import { outcome } from './outcome.js'

const began = Date.now()
const log = (text: string) => process.stderr.write(`[${((Date.now() - began) / 1000).toFixed(1)}] ${text}\n`)

const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'
const mdev = (parent: string, type: string, attributes?: { name: string; value: string }[]): NodeDeviceDef => ({
  name: 'new device',
  parent,
  capabilities: [{ kind: 'mdev', type, uuid, ...(attributes && { attributes }) }],
})
const wwns = { wwnn: '2100000000000001', wwpn: '2000000000000001' }
const vhba = (parent: string): NodeDeviceDef => ({
  name: 'new device',
  parent,
  capabilities: [{ kind: 'scsi_host', host: 0, fcHost: wwns }],
})
const nvme = 'pci_0000_05_00_0'

await using ours = await connect('linux:///')
const [hba = ''] = (await ours.listNodeDevices({ capability: 'vports' })).map(({ name }) => name)

const works: Record<string, () => Promise<unknown>> = {
  'a mediated device made': () => ours.createNodeDevice(mdev('mtty_mtty', 'mtty-2')),
  'a mediated device defined': () => ours.defineNodeDevice(mdev('mtty_mtty', 'mtty-2')),
  'a virtual HBA made': () => ours.createNodeDevice(vhba(hba)),
  'virtual functions made': async () => (await ours.lookupNodeDevice(nvme)).setVirtualFunctions(2),
}
const work = works[process.argv[2] ?? '']
if (work) {
  // what was asked of the kernel is done by now, and nothing after it will be
  const die = () => process.kill(process.pid, 'SIGKILL')
  subscribe('hostdev:host-write', die)
  subscribe('hostdev:command', (message) => {
    if ((message as { argv: string[] }).argv.includes('define')) die()
  })
  await work()
  throw new Error('it was not killed')
}

await using theirs = await connect('qemu:///system')
/** The document that virsh prints, which nobody here has read and written again. */
const virshXml = (name: string) =>
  execFileSync('virsh', ['-q', '-c', 'qemu:///system', 'nodedev-dumpxml', name], { encoding: 'utf8' }).trim()

/** What one side says of a device. */
async function view(conn: Connection, name: string) {
  try {
    const device = await conn.lookupNodeDevice(name)
    const state = [await device.isActive(), await device.isPersistent(), await device.autostart()]
    const xml = (await device.xml({ compat: true })).trim()
    // of a device that has gone libvirtd keeps the number of its group
    return { state, xml: state[0] ? xml : xml.replace(/\n *<iommuGroup .*/, '') }
  } catch (error) {
    if (VirtError.is(error, 'no-node-device')) return 'absent'
    throw error
  }
}

/** What both say once they say the same, or else after 20 rounds: libvirtd learns of devices from others. */
async function views(name: string) {
  for (let round = 0; ; round++) {
    const [our, their] = [await view(ours, name), await view(theirs, name)]
    if (round === 20 || JSON.stringify(our) === JSON.stringify(their)) return { hostdev: our, libvirtd: their }
    await sleep(500)
  }
}
type Views = Awaited<ReturnType<typeof views>>

const steps: { step: string; seen: Views }[] = []
async function step(what: string, name: string, call: Promise<unknown>) {
  log(what)
  await call
  steps.push({ step: what, seen: await views(name) })
}
const named = async (call: Promise<{ name: string }>) => (await call).name

const everything = async () => (await ours.listNodeDevices()).map(({ name }) => name).sort()
const before = await everything()
const mdevctl = (...args: string[]) => execFileSync('mdevctl', args, { encoding: 'utf8' })
/** What mdevctl has in its book of the device. */
const mdevctlSays = () => {
  const said = mdevctl('list', '--defined', '--dumpjson')
  return JSON.parse(said)[0]?.mtty?.[0]?.[uuid] ?? said
}

// a mediated device, by its whole life
const name = await named(ours.defineNodeDevice(mdev('mtty_mtty', 'mtty-2')))
await step('defined', name, Promise.resolve())
const mdevctlSees = mdevctlSays()
const device = await ours.lookupNodeDevice(name)
const printed = [[await device.xml({ compat: true }), virshXml(name)]]
await step('autostarted', name, device.setAutostart(true))
await step('started', name, device.start())

log('given to a guest')
const folder = '/tmp/creation'
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
const guest = spawn(
  'qemu-system-x86_64',
  [
    ...['-S', '-nodefaults', '-display', 'none', '-machine', 'q35', '-accel', 'tcg', '-m', '128', '-name', 'creation'],
    ...['-qmp', `unix:${folder}/creation.sock,server=on,wait=off`],
    ...['-device', `vfio-pci,sysfsdev=/sys/bus/mdev/devices/${uuid},id=hostdev0`],
  ],
  { stdio: ['ignore', 'inherit', 'inherit'] },
)
while (!existsSync(`${folder}/creation.sock`)) await sleep(200)
const qemu = await connect(`qemu+qmp://${folder}`)
let guestHas: unknown[] = []
while (guestHas.length === 0) {
  const [domain] = await qemu.listDomains()
  guestHas = domain ? await domain.hostdevs() : []
  await sleep(200)
}
await qemu.close()
const inUse = await outcome(device.destroy())
guest.kill('SIGKILL')
await new Promise((resolve) => guest.on('exit', resolve))

await step('destroyed', name, device.destroy())
log('started by mdevctl')
mdevctl('start', '--uuid', uuid)
await step('started by mdevctl', name, Promise.resolve())
await step('destroyed again', name, device.destroy())
await step('undefined', name, device.undefine())

// attributes: what mdevctl keeps of them when hostdev defines and changes the device, and when its own options do
const attributes = (...values: string[]) => values.map((value, index) => ({ name: `attribute${index}`, value }))
const byHostdev: unknown[] = []
await step(
  'defined with attributes',
  name,
  ours.defineNodeDevice(mdev('mtty_mtty', 'mtty-2', attributes('1', 'two 2'))),
)
byHostdev.push(mdevctlSays())
await step('updated', name, device.update({ ...mdev('mtty_mtty', 'mtty-2', attributes('3')), name }, { config: true }))
byHostdev.push(mdevctlSays())
await device.undefine()
const byMdevctl: unknown[] = []
const modify = (...args: string[]) => mdevctl('modify', '--uuid', uuid, ...args)
mdevctl('define', '--uuid', uuid, '--parent', 'mtty', '--type', 'mtty-2')
for (const { name, value } of attributes('1', 'two 2')) modify('--addattr', name, '--value', value)
await step('defined by mdevctl with attributes', name, Promise.resolve())
byMdevctl.push(mdevctlSays())
modify('--delattr')
modify('--delattr', '--index', '0')
modify('--addattr', 'attribute0', '--value', '3')
await step('updated by mdevctl', name, Promise.resolve())
byMdevctl.push(mdevctlSays())
mdevctl('undefine', '--uuid', uuid)

// the other way round
const xml = `<device><parent>mtty_mtty</parent><capability type='mdev'><type id='mtty-2'/><uuid>${uuid}</uuid></capability></device>`
await step('defined by libvirtd', name, theirs.defineNodeDevice(xml))
await step('undefined by hostdev', name, device.undefine())
await step('made by libvirtd', name, theirs.createNodeDevice(xml))
await step('destroyed by hostdev', name, device.destroy())

const parents = (await ours.listNodeDevices({ capability: 'mdev_types' })).map((each) => each.name)

// a virtual HBA
const made = await named(ours.createNodeDevice(vhba(hba)))
await step('a virtual HBA made', made, Promise.resolve())
printed.push([await (await ours.lookupNodeDevice(made)).xml({ compat: true }), virshXml(made)])
const twin = await outcome(ours.createNodeDevice(vhba(hba)))
const byWwn = (await theirs.lookupNodeDeviceScsiHostByWwn(wwns.wwnn, wwns.wwpn)).name === made
await step('a virtual HBA destroyed', made, (await ours.lookupNodeDevice(made)).destroy())
const vhbaXml = `<device><parent>${hba}</parent><capability type='scsi_host'><capability type='fc_host'><wwnn>${wwns.wwnn}</wwnn><wwpn>${wwns.wwpn}</wwpn></capability></capability></device>`
const their = await named(theirs.createNodeDevice(vhbaXml))
await step('a virtual HBA made by libvirtd', their, Promise.resolve())
await step('a virtual HBA destroyed by hostdev', their, (await ours.lookupNodeDevice(their)).destroy())

log('virtual functions')
const functions: { count: number; listed: string[]; seen: Views }[] = []
const controller = await ours.lookupNodeDevice(nvme)
for (const count of [2, 4, 0]) {
  await controller.setVirtualFunctions(count)
  const listed = (await everything()).filter((each) => /^pci_0000_05_00_[1-9]$/.test(each))
  functions.push({ count, listed, seen: await views(nvme) })
}

const crashes: { work: string; signal: string | null; recovered: string[]; again: number; left: string[] }[] = []
for (const work of Object.keys(works)) {
  log(`killed: ${work}`)
  const { signal } = spawnSync(process.execPath, [process.argv[1] ?? '', work], { stdio: 'inherit' })
  const recovered = (await ours.recover()).map(({ verb, result, reason = '' }) => `${verb} ${result}${reason}`)
  const again = (await ours.recover()).length
  const left = (await everything()).filter((each) => !before.includes(each))
  crashes.push({ work, signal, recovered, again, left })
}
const journals = existsSync('/run/hostdev')
  ? readdirSync('/run/hostdev').filter((each) => each.startsWith('journal-'))
  : []
const after = await everything()
const left = {
  come: after.filter((each) => !before.includes(each)),
  gone: before.filter((each) => !after.includes(each)),
}
log('done')

const createDevices = {
  printed: printed.map((pair) => pair.map((each) => each.trim())),
  steps,
  mdevctlSees,
  mdevctlKeeps: { byHostdev, byMdevctl },
  guestHas,
  inUse,
  parents,
  twin,
  byWwn,
  functions,
  crashes,
  journals,
  left,
  seconds: Math.round((Date.now() - began) / 1000),
}
console.log(JSON.stringify(createDevices))

/** What is printed. */
export type CreateDevices = typeof createDevices
