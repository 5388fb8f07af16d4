import type { CallOptions } from '../../src/backend.js'
import { LinuxHost } from '../../src/host/linux-host.js'
import { changeCalls } from '../../src/manager/device-calls.js'
import type { ManagedHost } from '../../src/manager/managed-host.js'
import type { NodeDeviceDef } from '../../src/model/node-device.js'

const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'
const name = `mdev_${uuid.replaceAll('-', '_')}_mtty`
const mdev = (type: string, speed?: string): NodeDeviceDef => ({
  name: 'new device',
  parent: 'mtty_mtty',
  capabilities: [
    { kind: 'mdev', type, uuid, ...(speed !== undefined && { attributes: [{ name: 'speed', value: speed }] }) },
  ],
})
const port = { wwnn: '2100000000000001', wwpn: '2000000000000001' }
const vport: NodeDeviceDef = {
  name: 'new device',
  parent: 'scsi_host5',
  capabilities: [{ kind: 'scsi_host', host: 0, fcHost: port }],
}
const card = 'pci_0000_06_00_0'
const vf = 'pci_0000_06_10_1'

const works = {
  createMdev: (calls, options) => calls.create(mdev('mtty-1', '115200'), options),
  destroyMdev: (calls, options) => calls.destroy(name, options),
  defineMdev: (calls, options) => calls.define(mdev('mtty-1'), options),
  redefineMdev: (calls, options) => calls.define(mdev('mtty-2', '115200'), options),
  startMdev: (calls, options) => calls.start(name, options),
  autostartMdev: (calls, options) => calls.setAutostart(name, true, options),
  undefineMdev: (calls, options) => calls.undefine(name, options),
  createVport: (calls, options) => calls.create(vport, options),
  destroyVport: (calls, options) => calls.destroy('scsi_host6', options),
  makeFunctions: (calls, options) => calls.setVirtualFunctions(card, 2, options),
  changeFunctions: (calls, options) => calls.setVirtualFunctions(card, 3, options),
  dropFunctions: (calls, options) => calls.setVirtualFunctions(card, 0, options),
  detachFunction: (calls, options) =>
    calls.detach(vf, { ...options, network: { mac: '52:54:00:6d:90:02', vlan: 42, trust: true } }),
  reattachFunction: (calls, options) => calls.reattach(vf, options),
} satisfies Record<string, (calls: ReturnType<typeof changeCalls>, options: CallOptions) => Promise<unknown>>

export type VirtualWork = keyof typeof works

/** What a process that is killed does with the virtual devices of its host. */
export const virtualWorks: Record<VirtualWork, (managed: ManagedHost) => Promise<unknown>> = Object.fromEntries(
  Object.entries(works).map(([work, run]) => [
    work,
    (managed: ManagedHost) => run(changeCalls(new LinuxHost({ files: managed.files }), managed), {}),
  ]),
) as Record<VirtualWork, (managed: ManagedHost) => Promise<unknown>>
