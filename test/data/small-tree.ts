import type { MemoryFile } from '../../src/os/host-files-memory.js'

type Files = Record<string, MemoryFile>

/** A device of sysfs: its folder, the bus or class that it is in, its attributes, and the links the kernel makes. */
export function sysfs(path: string, subsystem: string, files: Files = {}): [string, MemoryFile][] {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const up = '../'.repeat(path.split('/').length - 2)
  const [kind, group] = subsystem.split('/')
  const listed = kind === 'bus' ? `/sys/${subsystem}/devices/${name}` : `/sys/${subsystem}/${name}`
  const links: [string, MemoryFile][] = [
    [`${path}/subsystem`, { link: `${up}${subsystem}` }],
    [listed, { link: `${kind === 'bus' ? '../../../' : '../../'}${path.slice('/sys/'.length)}` }],
  ]
  if (group === 'block') links.push([`/sys/block/${name}`, { link: `../${path.slice('/sys/'.length)}` }])
  const attributes = Object.entries(files).map(([file, content]): [string, MemoryFile] => [`${path}/${file}`, content])
  return [...links, [`${path}/uevent`, ''], ...attributes]
}

/** A configuration space: bytes by offset, in 256 or more of zeros. */
export function config(bytes: Record<number, readonly number[]>, size = 256): Uint8Array {
  const space = new Uint8Array(size)
  for (const [offset, values] of Object.entries(bytes)) space.set(values, Number(offset))
  return space
}

const root = '/sys/devices/pci0000:00'
const usbPort = `${root}/0000:00:14.0/usb1/1-1`
const disk = `${root}/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0`

/** A host of our own making, with a device of each of the usual kinds. */
export const smallTree: readonly (readonly [string, MemoryFile])[] = [
  ['/usr/share/misc/pci.ids', '8086  Intel\n\t2922  SATA <AHCI>\n\t1234  Other\n10de  NVIDIA\n\t2923  Elsewhere\n'],
  ['/usr/share/hwdata/usb.ids', '0951  Kingston\n\t1666  DataTraveler\n'],
  ['/sys/class/dmi/id/sys_vendor', 'ACME\n'],
  ['/sys/class/dmi/id/product_name', 'Lab Bench\n'],
  ['/sys/class/dmi/id/product_serial', { errno: 'EACCES' }],
  ['/sys/class/dmi/id/product_uuid', '4DEA22B3-1D52-D8F3-2516-782E98AB3FA0\n'],
  ...sysfs(`${root}/0000:00:1f.2`, 'bus/pci', {
    vendor: '0x8086\n',
    device: '0x2922\n',
    class: '0x010601\n',
    numa_node: '-1\n',
    config: config({ 0x06: [0x10], 0x0e: [0x80], 0x34: [0x40], 0x40: [0x01, 0x00] }),
    driver: { link: '../../../bus/pci/drivers/ahci' },
    iommu_group: { link: '../../../kernel/iommu_groups/9' },
  }),
  ['/sys/kernel/iommu_groups/9/devices/0000:00:1f.2', { link: '../../../../devices/pci0000:00/0000:00:1f.2' }],
  ['/sys/kernel/iommu_groups/9/devices/0000:00:1f.0', { link: '../../../../devices/pci0000:00/0000:00:1f.0' }],
  ...sysfs(`${root}/0000:00:14.0`, 'bus/pci', {
    vendor: '0x8086\n',
    device: '0x9999\n',
    class: '0x0c0330\n',
    numa_node: '0\n',
    config: config(
      {
        0x06: [0x10],
        0x34: [0x40],
        0x40: [0x10, 0x00, 0x02, 0x00],
        0x4c: [0x82, 0x40, 0x00, 0x07],
        0x52: [0x41, 0x00],
      },
      4096,
    ),
  }),
  ...sysfs(`${root}/0000:00:14.0/usb1`, 'bus/usb', {
    devnum: '1\n',
    idVendor: '1d6b\n',
    idProduct: '0002\n',
    product: 'xHCI Host Controller\n',
    uevent: 'MAJOR=189\nMINOR=0\nDEVNAME=bus/usb/001/001\nDEVTYPE=usb_device\n',
  }),
  ...sysfs(usbPort, 'bus/usb', {
    devnum: '7\n',
    serial: 'AA"00\n',
    idVendor: '0951\n',
    idProduct: '1666\n',
    manufacturer: 'Knockoff\n',
    uevent: 'MAJOR=189\nMINOR=6\nDEVNAME=bus/usb/001/007\nDEVTYPE=usb_device\n',
    driver: { link: '../../../../../bus/usb/drivers/usb' },
  }),
  ...sysfs(`${usbPort}/1-1:1.0`, 'bus/usb', {
    bInterfaceNumber: '00\n',
    bInterfaceClass: '08\n',
    bInterfaceSubClass: '06\n',
    bInterfaceProtocol: '50\n',
  }),
  ...sysfs('/sys/devices/virtual/net/lo', 'class/net', {
    address: '00:00:00:00:00:00\n',
    operstate: 'unknown\n',
    ifindex: '1\n',
    uevent: 'INTERFACE=lo\nIFINDEX=1\n',
  }),
  ...sysfs('/sys/devices/virtual/net/br0', 'class/net', {
    address: '52:54:00:00:00:01\n',
    operstate: 'up\n',
    speed: '-1\n',
    ifindex: '2\n',
    uevent: 'DEVTYPE=bridge\nINTERFACE=br0\nIFINDEX=2\n',
  }),
  ['/sys/class/net/bonding_masters', '\n'],
  ...sysfs(`${root}/0000:00:1f.2/ata1/host0`, 'bus/scsi', { uevent: 'DEVTYPE=scsi_host\n' }),
  ['/sys/class/scsi_host/host0/unique_id', '1\n'],
  ...sysfs(`${root}/0000:00:1f.2/ata1/host0/target0:0:0`, 'bus/scsi'),
  ...sysfs(disk, 'bus/scsi', { type: '0\n', model: 'DISK "1"        \n', vendor: 'ATA     \n' }),
  ...sysfs(`${disk}/scsi_generic/sg0`, 'class/scsi_generic', { uevent: 'MAJOR=21\nMINOR=0\nDEVNAME=sg0\n' }),
  ...sysfs(`${disk}/block/sda`, 'class/block', {
    size: '1000\n',
    removable: '0\n',
    'queue/logical_block_size': '4096\n',
    device: { link: '../../../0:0:0:0' },
    uevent: 'MAJOR=8\nMINOR=0\nDEVNAME=sda\nDEVTYPE=disk\n',
  }),
  [
    '/run/udev/data/b8:0',
    'S:disk/by-path/pci-0000:00:1f.2-ata-1\nS:disk/by-id/ata-DISK_1\nE:ID_TYPE=disk\nE:ID_BUS=ata\nE:ID_SERIAL=DISK_1\n',
  ],
  ...sysfs('/sys/devices/virtual/block/loop0', 'class/block', {
    size: '0\n',
    uevent: 'MAJOR=7\nMINOR=0\nDEVNAME=loop0\nDEVTYPE=disk\n',
  }),
  ...sysfs(`${root}/0000:00:1f.2/drm/card0`, 'class/drm', {
    uevent: 'MAJOR=226\nMINOR=0\nDEVNAME=dri/card0\nDEVTYPE=drm_minor\n',
  }),
  ...sysfs(`${root}/0000:00:1f.2/drm/card0/card0-VGA-1`, 'class/drm', { uevent: 'DEVTYPE=drm_connector\n' }),
]
