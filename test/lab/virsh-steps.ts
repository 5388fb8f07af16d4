/**
 * Runs in the lab: has its libvirtd and hostdev take the same devices and give them back, step by step, and prints as
 * JSON how each step ended and what became of the host.
 */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { type Connection, connect, type DetachOptions, VirtError } from '../../src/index.js'

const names = (folder: string) => readdirSync(folder).sort()
const link = (path: string) => {
  try {
    return readlinkSync(path).split('/').at(-1)
  } catch {
    return '-'
  }
}

/** Drivers and overrides of all PCI functions and USB interfaces, and the network interfaces. */
function hostState(): Record<string, string> {
  const state: Record<string, string> = { net: names('/sys/class/net').join(' ') }
  for (const bus of ['pci', 'usb'])
    for (const device of names(`/sys/bus/${bus}/devices`)) {
      const folder = `/sys/bus/${bus}/devices/${device}`
      const override = bus === 'pci' ? readFileSync(`${folder}/driver_override`, 'utf8').trim() : ''
      state[device] = `${link(`${folder}/driver`)} ${override}`.trim()
    }
  return state
}

/** How a call ended: 0, or libvirt's number. */
const numberOf = (call: Promise<unknown>): Promise<number> =>
  call.then(
    () => 0,
    (error: unknown) => (VirtError.is(error) ? error.number : -1),
  )

async function settled(wanted: Record<string, string>): Promise<Record<string, string>> {
  // the names of network interfaces come late
  for (let round = 0; round < 100; round++) {
    if (JSON.stringify(hostState()) === JSON.stringify(wanted)) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return hostState()
}

async function steps(conn: Connection, devices: readonly string[], options: DetachOptions) {
  const before = hostState()
  const each = async (list: readonly string[], call: 'detach' | 'reset' | 'reattach') => {
    const numbers: number[] = []
    for (const name of list)
      numbers.push(
        await numberOf(conn.lookupNodeDevice(name).then((device) => device[call](call === 'detach' ? options : {}))),
      )
    return numbers
  }
  const detach = await each(devices, 'detach')
  const held = hostState()
  const reset = await each(devices, 'reset')
  const reattach = await each([...devices].reverse(), 'reattach')
  const after = await settled(before)
  const changed = (state: Record<string, string>) =>
    Object.fromEntries(Object.entries(state).filter(([key, value]) => before[key] !== value && key !== 'net'))
  return { detach, reset, reattach, held: changed(held), left: changed(after), same: after.net === before.net }
}

const cases: readonly (readonly [what: string, devices: readonly string[], options?: DetachOptions])[] = [
  ['a NIC alone in its group', ['pci_0000_02_00_0']],
  ['both functions of a NIC', ['pci_0000_01_00_0', 'pci_0000_01_00_1']],
  ['a NIC behind a PCI bridge', ['pci_0000_04_01_0']],
  ['a virtual function', ['pci_0000_05_00_1']],
  ['a bridge', ['pci_0000_00_11_0']],
  ['an absent device', ['pci_0000_7f_00_0']],
  ['what is not PCI', ['computer']],
  ['a USB device', ['usb_card_reader']],
  ['an unknown driver', ['pci_0000_02_00_0'], { driver: 'foo' }],
  ['the driver kvm', ['pci_0000_02_00_0'], { driver: 'kvm' }],
]

await using theirs = await connect('qemu:///system')
await using ours = await connect('linux:///')
const nvme = await ours.lookupNodeDevice('pci_0000_05_00_0')
await nvme.setVirtualFunctions(1)
const reader = await ours.resolve({ vendor: 0x08e6, product: 0x4433 })

const seen: Record<string, Record<'libvirt' | 'hostdev', Awaited<ReturnType<typeof steps>>>> = {}
for (const [what, devices, options = {}] of cases) {
  const wanted = devices.map((name) => (name === 'usb_card_reader' ? reader.name : name))
  seen[what] = { libvirt: await steps(theirs, wanted, options), hostdev: await steps(ours, wanted, options) }
}
await nvme.setVirtualFunctions(0)

const nic = await ours.lookupNodeDevice('pci_0000_02_00_0')
await nic.detach()
const group = openSync(`/dev/vfio/${link('/sys/bus/pci/devices/0000:02:00.0/iommu_group')}`, 'r+')
const whileOpen = [await numberOf(nic.reattach()), await numberOf(nic.reset())]
closeSync(group)
const virshSteps = { seen, busy: { whileOpen, afterwards: await numberOf(nic.reattach()) } }
console.log(JSON.stringify(virshSteps))

/** What is printed. */
export type VirshSteps = typeof virshSteps
