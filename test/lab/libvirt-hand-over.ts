/** Runs in the lab: hands devices over through its libvirtd, and prints as JSON what it saw on the way. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { connect, type Domain, type HostdevDef, hostdev } from '../../src/index.js'
import { outcome } from './outcome.js'

const uri = 'qemu:///system'
const name = 'hand-over'
// never while the event loop stands still: libvirtd drops who does not answer for half a minute
const run = promisify(execFile)
const virsh = async (...args: string[]) => (await run('virsh', ['--quiet', '--connect', uri, ...args])).stdout

const card = hostdev.parse(`<hostdev mode='subsystem' type='pci' managed='yes'>
  <source><address domain='0' bus='2' slot='0' function='0'/></source>
</hostdev>`)
const reader = hostdev.parse(`<hostdev mode='subsystem' type='usb'>
  <source><vendor id='0x08e6'/><product id='0x4433'/></source>
</hostdev>`)
const guestXml = `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>128</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <controller type='pci' model='pcie-root'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='usb' model='qemu-xhci'/>
    <memballoon model='none'/>
  </devices>
</domain>`

async function handUsb(guest: Domain, def: HostdevDef) {
  return {
    attached: await guest.attachHostdev(def),
    again: await guest.attachHostdev(def),
    listed: await guest.hostdevs(),
    xml: await virsh('dumpxml', '--xpath', '//hostdev', name),
    detached: await outcome(guest.detachHostdev(def)),
    left: await guest.hostdevs(),
    gone: await outcome(guest.detachHostdev(def)),
  }
}

await using conn = await connect(uri)
const nic = await conn.lookupNodeDevice('pci_0000_02_00_0')
const driver = async () => (await nic.def()).driver

const before = await driver()
await nic.detach()
const detached = await driver()
await nic.reset()
await nic.reattach()
const drivers = { before, detached, reattached: await driver() }

writeFileSync('/tmp/guest.xml', guestXml)
await virsh('define', '/tmp/guest.xml')
await using watch = await conn.watchDomains()
await virsh('start', '--paused', name)
const guest = await conn.lookupDomain(name)

const usb = await handUsb(guest, reader)
const pci = {
  attached: await guest.attachHostdev(card),
  driver: await driver(),
  changes: [await outcome(nic.detach()), await outcome(nic.reattach()), await outcome(nic.reset())],
  // A PCI device is let go of by the guest's own system, and this one does not run.
  detached: await outcome(guest.detachHostdev(card, { signal: abortedIn(10_000) })),
}
await virsh('destroy', name)
await virsh('undefine', name)
const told: string[] = []
for await (const { kind, alias } of watch) {
  told.push(alias === undefined ? kind : `${kind} ${alias}`)
  if (kind === 'undefined') break
}
while ((await driver()) === 'vfio-pci') await sleep(100)
const handOver = { drivers, usb, pci, told, after: await driver() }
console.log(JSON.stringify(handOver))

function abortedIn(milliseconds: number): AbortSignal {
  const controller = new AbortController()
  setTimeout(() => controller.abort('gave up'), milliseconds)
  return controller.signal
}

/** What is printed. */
export type HandOver = typeof handOver
