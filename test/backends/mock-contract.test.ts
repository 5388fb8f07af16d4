import type { HostdevDef } from '../../src/index.js'
import { hosts, type MockBackend, mock } from '../../src/mock.js'
import { abilityContract } from '../contract/abilities.js'
import { deviceChangeContract } from '../contract/device-changes.js'
import { domainContract } from '../contract/domains.js'

const usb = (device: number): HostdevDef => ({ kind: 'usb', source: { address: { bus: 1, device } } })
const pci = (bus: number, fn: number): HostdevDef => ({
  kind: 'pci',
  managed: true,
  source: { address: { domain: 0, bus, slot: 0, function: fn } },
})
const net = (name: string): HostdevDef => ({ kind: 'net', source: { interface: name } })

/** A suite's own host, and what it does from outside. */
function played(make: () => Promise<MockBackend>) {
  let host: MockBackend
  return {
    open: async () => {
      host = await make()
      return host
    },
    stage: () => host.stage,
  }
}

const restarting = (stage: () => MockBackend['stage']) => (guest: string) => {
  stage().setRunning(guest, false)
  stage().setRunning(guest, true)
}

abilityContract('a mock host', { open: mock })

for (const [title, devices, absent] of [
  ['USB devices of a mock server', [usb(2), usb(3)], { def: usb(77), code: 'internal' }],
  ['PCI devices of a mock server', [pci(0x17, 0), pci(0x17, 1)], { def: pci(0x18, 0), code: 'system' }],
] as const) {
  const { open, stage } = played(() => mock(hosts.server()))
  const name = devices[0].kind === 'usb' ? 'usb_1_1' : 'pci_0000_17_00_0'
  domainContract(title, {
    open,
    running: 'web',
    stopped: 'render',
    devices,
    name,
    absent,
    restart: restarting(stage),
  })
}

const containers = played(() => mock(hosts.openvzHost()))
domainContract('interfaces of mock containers', {
  open: containers.open,
  running: '102',
  stopped: '103',
  devices: [net('eth2'), net('eth0')],
  name: 'net_eth2_00_0c_29_aa_bb_02',
  absent: { def: net('eth9'), code: 'system' },
  restart: restarting(containers.stage),
  lacks: { address: 'an interface has no address in a container' },
})

const stick = `<device><name>usb_1_3</name><path>/sys/devices/pci0000:00/0000:00:14.0/usb1/1-3</path><parent>usb_usb1</parent>
<capability type='usb_device'><bus>1</bus><device>9</device><product id='0x5567'/><vendor id='0x0781'/></capability></device>`
const server = played(() => mock(hosts.server()))
deviceChangeContract('a mock server', {
  open: server.open,
  device: 'pci_0000_17_00_0',
  coming: { name: 'usb_1_3', capability: 'usb_device' },
  plug: () => server.stage().plug(stick),
  unplug: () => server.stage().unplug('usb_1_3'),
})
