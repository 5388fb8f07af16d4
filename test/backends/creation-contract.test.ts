import { afterAll } from 'vitest'
import type { NodeDeviceDef } from '../../src/index.js'
import { linux } from '../../src/linux.js'
import { mock } from '../../src/mock.js'
import { creationContract } from '../contract/creation.js'
import { virtualTree } from '../data/virtual-tree.js'
import { FakeHost } from '../fakes/managed-host.js'

const nic = { kind: 'pci', domain: 0, slot: 0, function: 0, vendor: { id: 0x8086 }, product: { id: 0x10c9 } } as const

const devices: readonly NodeDeviceDef[] = [
  {
    name: 'computer',
    capabilities: [{ kind: 'system', hardware: { uuid: '00000000-0000-4000-8000-000000000001' }, firmware: {} }],
  },
  {
    name: 'pci_0000_06_00_0',
    path: '/sys/devices/pci0000:00/0000:06:00.0',
    parent: 'computer',
    driver: 'igb',
    capabilities: [{ ...nic, bus: 6, virtualFunctions: { addresses: [], maxCount: 7 } }],
  },
  {
    name: 'scsi_host5',
    path: '/sys/devices/fc/host5',
    parent: 'computer',
    capabilities: [
      {
        kind: 'scsi_host',
        host: 5,
        fcHost: { wwnn: '1000000000000005', wwpn: '2000000000000005' },
        vportOps: { maxVports: 2, vports: 0 },
      },
    ],
  },
  {
    name: 'mtty_mtty',
    path: '/sys/devices/virtual/mtty/mtty',
    parent: 'computer',
    capabilities: [
      {
        kind: 'mdev_types',
        types: [
          { id: 'mtty-1', deviceApi: 'vfio-pci', availableInstances: 4 },
          { id: 'mtty-2', deviceApi: 'vfio-pci', availableInstances: 1 },
        ],
      },
    ],
  },
]

const made = {
  hba: 'scsi_host5',
  mdev: { parent: 'mtty_mtty', many: 'mtty-1', single: 'mtty-2' },
  sriov: 'pci_0000_06_00_0',
}

creationContract('the mock', { ...made, open: () => mock({ devices }) })

const host = new FakeHost(virtualTree)
afterAll(() => host[Symbol.dispose]())
creationContract('a Linux host', {
  ...made,
  open: () =>
    linux({
      files: host.files,
      writes: host.kernel,
      run: host.kernel.run,
      stateFolder: host.stateFolder,
    }),
})
