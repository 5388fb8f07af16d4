import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { HostdevDef } from '../../../src/index.js'
import { xen } from '../../../src/xen.js'
import { abilityContract } from '../../contract/abilities.js'
import { domainContract } from '../../contract/domains.js'
import { PlayedBackends } from '../../fakes/xen-backends.js'
import { alpha } from '../../fakes/xen-dom0.js'
import { PlayedXenHost } from '../../fakes/xen-host.js'
import { xenstoreServer } from '../../fakes/xenstore-server.js'

const server = await xenstoreServer()
const host = await PlayedXenHost.on(server.path)
const { dom0, linux } = host
await dom0.start(alpha)
await dom0.startDeviceModel(alpha)
const backends = await PlayedBackends.on(server.path)
for (const name of ['alpha', 'omega']) writeFileSync(join(dom0.configs, `${name}.cfg`), `name = "${name}"\n`)
afterAll(async () => {
  await backends[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/**
 * Two guests, of which one runs, on a host with USB devices that dom0's kernel plays, and PCI devices that xl gives.
 */
linux.kernel.addDriver('usb', 'usbback')
linux.kernel.addDriver('pci', 'pciback')
const open = () => xen(host.options)

const usb = (bus: number, device: number): HostdevDef => ({
  kind: 'usb',
  managed: false,
  source: { address: { bus, device } },
})

const pci = (bus: number): HostdevDef => ({
  kind: 'pci',
  managed: true,
  source: { address: { domain: 0, bus, slot: 0, function: 0 } },
})

const restart = async () => {
  await dom0.stop(alpha)
  await dom0.start(alpha)
  await dom0.startDeviceModel(alpha)
}

abilityContract('Xen', { open })
domainContract('Xen with USB devices', {
  open,
  running: 'alpha',
  stopped: 'omega',
  devices: [usb(1, 5), usb(1, 6)],
  name: 'usb_1_1',
  absent: { def: usb(1, 99), code: 'device-missing' },
  restart,
  lacks: {},
})
domainContract('Xen with PCI devices', {
  open,
  running: 'alpha',
  stopped: 'omega',
  devices: [pci(2), pci(1)],
  name: 'pci_0000_02_00_0',
  absent: { def: pci(9), code: 'device-missing' },
  restart,
  lacks: {},
})
