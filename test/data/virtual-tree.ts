import type { MemoryFile } from '../../src/os/host-files-memory.js'
import { pci } from './passthrough-tree.js'
import { sysfs } from './small-tree.js'

type Files = readonly (readonly [string, MemoryFile])[]

/** A Fibre Channel port, with its SCSI host. */
export function fcPort(path: string, names: { wwnn: string; wwpn: string }, files: Record<string, MemoryFile> = {}): Files {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return [
    ...sysfs(path, 'bus/scsi'),
    ...sysfs(`${path}/scsi_host/${name}`, 'class/scsi_host', { unique_id: '0\n' }),
    ...sysfs(`${path}/fc_host/${name}`, 'class/fc_host', {
      node_name: `0x${names.wwnn}\n`,
      port_name: `0x${names.wwpn}\n`,
      fabric_name: '0x0\n',
      port_state: 'Linkdown\n',
      ...files,
    }),
  ]
}

const hba = (max: number, state: string): Record<string, MemoryFile> => ({
  port_state: `${state}\n`,
  max_npiv_vports: `${max}\n`,
  npiv_vports_inuse: '0\n',
  vport_create: '',
  vport_delete: '',
})

const mdevType = (name: string, available: number): Record<string, MemoryFile> =>
  Object.fromEntries([
    [`mdev_supported_types/${name}/name`, `${name} port\n`],
    [`mdev_supported_types/${name}/device_api`, 'vfio-pci\n'],
    [`mdev_supported_types/${name}/available_instances`, `${available}\n`],
    [`mdev_supported_types/${name}/create`, ''],
  ])

const mtty = '/sys/devices/virtual/mtty/mtty'

/**
 * What makes virtual devices, beside what the host of the passthrough tests has: FC ports, a parent of mdevs, SR-IOV.
 */
export const virtualTree: Files = [
  ...fcPort('/sys/devices/fc/host4', { wwnn: '1000000000000004', wwpn: '2000000000000004' }, hba(8, 'Linkdown')),
  ...fcPort('/sys/devices/fc/host5', { wwnn: '1000000000000005', wwpn: '2000000000000005' }, hba(2, 'Online')),
  ...sysfs(mtty, 'class/mtty', { ...mdevType('mtty-1', 4), ...mdevType('mtty-2', 1) }),
  ['/sys/class/mdev_bus/mtty', { link: mtty }],
  ...pci('0000:06:00.0', {
    id: '8086:10c9',
    driver: 'igb',
    group: 40,
    files: { sriov_totalvfs: '7\n', sriov_numvfs: '0\n' },
  }),
  ...sysfs('/sys/devices/pci0000:00/0000:06:00.0/net/lan6', 'class/net', {
    address: '52:54:00:00:06:00\n',
    device: { link: '../../../0000:06:00.0' },
    operstate: 'down\n',
  }),
  ['/etc/mdevctl.d/scripts.d/callouts/none', ''],
]
