/**
 * Runs in the lab: gives a virtual function of a network card to a QEMU guest, with an address and a VLAN that the card
 * is told, and takes it back; prints as JSON what the card said of it on the way, as the real ip tells it.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type HostdevInterface, VirtError } from '../../src/index.js'
import { guestInterface } from '../../src/xml.js'

const card = process.argv[2] ?? ''
const folder = '/tmp/vf-monitors'
const monitor = `${folder}/vf.sock`
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
for (const module of ['vfio-pci', 'vfio_iommu_type1']) execFileSync('modprobe', [module])

const [port = ''] = readdirSync(`/sys/bus/pci/devices/${card}/net`)
const ip = (...words: string[]) => execFileSync('ip', words, { encoding: 'utf8' })
const set = (...words: string[]) => ip('link', 'set', 'dev', port, 'vf', '1', ...words)
const said = () => {
  const { address, vlan_list, spoofchk, trust } = JSON.parse(ip('-json', 'link', 'show', 'dev', port))[0].vfinfo_list[1]
  return { address, ...vlan_list[0], spoofchk, trust }
}

await using host = await connect('linux:///')
const name = `pci_${card.replace(/[:.]/g, '_')}`
await (await host.lookupNodeDevice(name)).setVirtualFunctions(2)
const address = readlinkSync(`/sys/bus/pci/devices/${card}/virtfn1`).split('/').at(-1) ?? ''
const at = `/sys/bus/pci/devices/${address}/driver`
const driver = () => (existsSync(at) ? readlinkSync(at).split('/').at(-1) : undefined)
const now = () => ({ ...said(), driver: driver() })
while (driver() === undefined) await sleep(100)
const vf = await host.lookupNodeDevice(`pci_${address.replace(/[:.]/g, '_')}`)

// one that nobody has set up has no address, which not every driver takes back
const fresh = said()
await vf.detach({ network: { mac: '52:54:00:6d:90:02', vlan: 42 } })
const first = now()
await vf.reattach()
const freshAfter = said()

set('mac', '52:54:00:00:00:01', 'vlan', '7', 'qos', '3', 'spoofchk', 'off', 'trust', 'on')
const before = now()
await vf.detach({ network: { mac: '52:54:00:6d:90:03', vlan: 43, spoofCheck: true, trust: false } })
const detached = now()
set('mac', '52:54:00:00:00:99', 'vlan', '0')
await vf.reattach()
const reattached = now()

const machine = ['-S', '-nodefaults', '-display', 'none', '-machine', 'q35', '-accel', 'tcg', '-m', '64']
// without ACPI in between QEMU takes PCI devices from a guest that has no system
const noSystem = ['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off']
const board = ['-device', 'pcie-root-port,id=pci.1,chassis=1,slot=1,addr=1']
const qemu = spawn(
  'qemu-system-x86_64',
  [...machine, ...noSystem, ...board, '-name', 'vf', '-qmp', `unix:${monitor},server=on,wait=off`],
  { stdio: ['ignore', 'inherit', 'inherit'] },
)
while (!existsSync(monitor)) await sleep(50)
await using conn = await connect(`qemu+qmp://${folder}`)
const guest = await conn.lookupDomain('vf')
const lan: HostdevInterface = {
  kind: 'hostdev',
  managed: true,
  mac: { address: '52:54:00:6d:90:04' },
  source: {
    kind: 'pci',
    address: {
      domain: Number.parseInt(address.slice(0, 4), 16),
      bus: Number.parseInt(address.slice(5, 7), 16),
      slot: Number.parseInt(address.slice(8, 10), 16),
      function: Number(address.slice(11)),
    },
  },
  vlan: { tags: [{ id: 44 }] },
}
const { kind } = await guest.attachHostdev(guestInterface.format(lan))
const attached = now()
await guest.detachHostdev(lan)
const takenBack = now()

await guest.attachHostdev(lan)
qemu.kill('SIGKILL')
await once(qemu, 'exit')
const recovered = await conn.recover()
const afterKill = now()

const wrong = await vf.detach({ network: { mac: '53:54:00:6d:90:04' } }).catch((error: unknown) => {
  if (!VirtError.is(error)) throw error
  return `${error.code}: ${error.message}`
})
const afterWrong = now()
const handedOver = {
  ...{ fresh, first, freshAfter, before, detached, reattached, kind, attached, takenBack },
  ...{ recovered: recovered.map(({ result }) => result), afterKill, wrong, afterWrong },
}
console.log(JSON.stringify(handedOver))
// the functions stay: once QEMU 10.0 died as they were taken away after VFIO had had one
process.exit(0)

/** What is printed. */
export type VfHandedOver = typeof handedOver
