import type { MemoryFile } from '../../src/os/host-files-memory.js'
import { sysfs } from './small-tree.js'

type Files = readonly (readonly [string, MemoryFile])[]

/** What a PCI function of a made-up host is. */
export interface PciParts {
  /** Folder above it; the root bus unless told. */
  readonly below?: string
  readonly class?: string
  /** `8086:10d3`. */
  readonly id?: string
  readonly driver?: string
  readonly group?: number
  readonly files?: Record<string, MemoryFile>
}

const root = '/sys/devices/pci0000:00'

/** A PCI function at its address, in its IOMMU group. */
export function pci(address: string, { below = root, driver, group, files, ...parts }: PciParts): Files {
  const path = `${below}/${address}`
  const [vendor, device] = (parts.id ?? '8086:10d3').split(':')
  return [
    ...sysfs(path, 'bus/pci', {
      class: `${parts.class ?? '0x020000'}\n`,
      vendor: `0x${vendor}\n`,
      device: `0x${device}\n`,
      driver_override: '(null)\n',
      reset: '',
      reset_method: 'pm bus\n',
      modalias: `pci:v0000${vendor?.toUpperCase()}d0000${device?.toUpperCase()}sv00008086sd00000000bc02sc00i00\n`,
      ...(driver === undefined ? {} : { driver: { link: `/sys/bus/pci/drivers/${driver}` } }),
      ...(group === undefined ? {} : { iommu_group: { link: `/sys/kernel/iommu_groups/${group}` } }),
      ...files,
    }),
    ...(group === undefined
      ? []
      : ([[`/sys/kernel/iommu_groups/${group}/devices/${address}`, { link: path }]] satisfies Files)),
  ]
}

/** A USB device with interfaces, each of a class and maybe with a driver. */
export function usb(
  path: string,
  files: Record<string, MemoryFile>,
  interfaces: readonly { class: string; driver?: string }[],
): Files {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const bus = (path: string, files: Record<string, MemoryFile>) => sysfs(path, 'bus/usb', files)
  return [
    ...bus(path, { bDeviceClass: '00\n', bNumInterfaces: ` ${interfaces.length}\n`, bConfigurationValue: '1\n', ...files }),
    ...interfaces.flatMap(({ class: itsClass, driver }, number) =>
      bus(`${path}/${name}:1.${number}`, {
        bInterfaceClass: `${itsClass}\n`,
        ...(driver === undefined ? {} : { driver: { link: `/sys/bus/usb/drivers/${driver}` } }),
      }),
    ),
  ]
}

/** USB devices of {@link passthroughTree} are below this controller. */
export const usbRoot = `${root}/0000:00:14.0/usb1`

const port = (slot: string) => `${root}/0000:00:${slot}`

/** A host with devices to give away, and some that it should keep. */
export const passthroughTree: Files = [
  ['/proc/sys/kernel/random/boot_id', '11111111-2222-4333-8444-555555555555\n'],
  ['/proc/sys/kernel/osrelease', '6.1.0-test\n'],
  ['/proc/cpuinfo', 'processor\t: 0\nvendor_id\t: GenuineIntel\n'],
  ['/proc/cmdline', 'root=/dev/sda1 intel_iommu=on\n'],
  ['/lib/modules/6.1.0-test/modules.alias', 'alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\nalias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n'],
  ['/lib/modules/6.1.0-test/modules.dep', 'kernel/drivers/vfio/pci/vfio-pci.ko: kernel/drivers/vfio/vfio.ko\n'],
  ['/dev/vfio/vfio', { kind: 'char' }],
  // a NIC alone in its group
  ...pci('0000:00:1c.0', { class: '0x060400', id: '8086:8c10', driver: 'pcieport', group: 7 }),
  ...pci('0000:02:00.0', { below: port('1c.0'), driver: 'e1000e', group: 26 }),
  // two functions of one card
  ...pci('0000:00:1c.1', { class: '0x060400', id: '8086:8c10', driver: 'pcieport', group: 8 }),
  ...pci('0000:01:00.0', { below: port('1c.1'), driver: 'e1000e', group: 25 }),
  ...pci('0000:01:00.1', { below: port('1c.1'), driver: 'e1000e', group: 25 }),
  // two cards behind a conventional bridge, which is in their group
  ...pci('0000:03:00.0', { class: '0x060400', id: '1b36:000e', driver: 'pcieport', group: 27 }),
  ...pci('0000:04:01.0', { below: `${root}/0000:03:00.0`, id: '10ec:8139', driver: '8139cp', group: 27 }),
  ...pci('0000:04:02.0', { below: `${root}/0000:03:00.0`, id: '8086:100e', driver: 'e1000', group: 27 }),
  ...pci('0000:00:14.0', { class: '0x0c0330', id: '8086:9d2f', driver: 'xhci_hcd', group: 4 }),
  ...usb(usbRoot, { busnum: '1\n', devnum: '1\n', idVendor: '1d6b\n', idProduct: '0002\n', bDeviceClass: '09\n' }, [
    { class: '09', driver: 'hub' },
  ]),
  // a modem, whose driver wants both interfaces, and a keyboard
  ...usb(`${usbRoot}/1-1`, { busnum: '1\n', devnum: '5\n', idVendor: '1cbe\n', idProduct: '0002\n' }, [
    { class: '02', driver: 'cdc_acm' },
    { class: '0a', driver: 'cdc_acm' },
  ]),
  ...usb(`${usbRoot}/1-2`, { busnum: '1\n', devnum: '6\n', idVendor: '046d\n', idProduct: 'c31c\n' }, [
    { class: '03', driver: 'usbhid' },
    { class: 'ff' },
  ]),
  ['/dev/bus/usb/001/005', { kind: 'char' }],
  ['/dev/bus/usb/001/006', { kind: 'char' }],
  // an NVMe disk with virtual functions that have no driver
  ...pci('0000:05:00.0', {
    class: '0x010802',
    id: '1b36:0010',
    driver: 'nvme',
    group: 28,
    files: { sriov_totalvfs: '4\n', virtfn0: { link: '../0000:05:00.1' } },
  }),
  ...pci('0000:05:00.1', {
    class: '0x010802',
    id: '1b36:0010',
    group: 35,
    files: { physfn: { link: '../0000:05:00.0' }, reset_method: 'flr\n' },
  }),
]

/** Drivers of {@link passthroughTree}, by the ids that each takes by itself. */
export const passthroughDrivers = {
  pci: {
    pcieport: ['8086:8c10', '1b36:000e'],
    e1000e: ['8086:10d3'],
    '8139cp': ['10ec:8139'],
    e1000: ['8086:100e'],
    nvme: ['1b36:0010'],
    xhci_hcd: ['8086:9d2f'],
    igb: ['8086:10c9'],
    igbvf: ['8086:10ca'],
  },
  usb: { usbhid: ['03'], 'usb-storage': ['08'], hub: ['09'], cdc_acm: ['02', '0a'] },
}
export const passthroughModules = { 'vfio-pci': 'vfio-pci', vfio_pci: 'vfio-pci', mlx5_vfio_pci: 'mlx5_vfio_pci', 'xen-pciback': 'pciback' }