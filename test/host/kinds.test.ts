import { describe, expect, it } from 'vitest'
import { LinuxHost } from '../../src/host/linux-host.js'
import type { NodeDeviceDef } from '../../src/model/node-device.js'
import { type MemoryFile, MemoryFiles } from '../../src/os/host-files-memory.js'
import { smallTree, sysfs } from '../data/small-tree.js'

type Tree = readonly (readonly [string, MemoryFile])[]

async function read(name: string, { compat = false, tree = smallTree }: { compat?: boolean; tree?: Tree } = {}) {
  const files = new MemoryFiles(tree)
  const def = await new LinuxHost({ files }).lookup(name, { compat })
  return def?.capabilities[0]
}

/** The small host with some files otherwise. */
const changed = (...files: [string, MemoryFile][]): Tree => [...smallTree, ...files]

describe('the host itself', () => {
  it('is what SMBIOS says', async () => {
    expect(await read('computer')).toEqual({
      kind: 'system',
      product: 'Lab Bench',
      hardware: { vendor: 'ACME', uuid: '4dea22b3-1d52-d8f3-2516-782e98ab3fa0' },
      firmware: {},
    })
  })

  it('has a UUID of zeros where the kernel tells none, as libvirt has', async () => {
    expect(await read('computer', { tree: [] })).toMatchObject({
      hardware: { uuid: '00000000-0000-0000-0000-000000000000' },
    })
  })
})

describe('a PCI function', () => {
  it('has its address, its names and what is given away with it', async () => {
    expect(await read('pci_0000_00_1f_2')).toEqual({
      kind: 'pci',
      class: 0x010601,
      domain: 0,
      bus: 0,
      slot: 0x1f,
      function: 2,
      product: { id: 0x2922, name: 'SATA <AHCI>' },
      vendor: { id: 0x8086, name: 'Intel' },
      iommuGroup: {
        number: 9,
        addresses: [
          { domain: 0, bus: 0, slot: 0x1f, function: 0 },
          { domain: 0, bus: 0, slot: 0x1f, function: 2 },
        ],
      },
    })
  })

  it('has the members of its group in the order of sysfs when libvirt is to be matched', async () => {
    const group = '/sys/kernel/iommu_groups/9/devices'
    const tree = changed(
      ...['0000:00:1d.0', '0000:00:1d.1', '0000:00:1d.7'].map((name): [string, MemoryFile] => [`${group}/${name}`, '']),
    ).filter(([path]) => !path.startsWith(`${group}/0000:00:1f`))
    const functions = async (compat: boolean) => {
      const capability = await read('pci_0000_00_1f_2', { compat, tree })
      return capability?.kind === 'pci' && capability.iommuGroup?.addresses.map((each) => each.function)
    }
    expect([await functions(false), await functions(true)]).toEqual([
      [0, 1, 7],
      [1, 0, 7],
    ])
  })

  it('has the link of PCI Express', async () => {
    expect(await read('pci_0000_00_14_0')).toMatchObject({
      numaNode: 0,
      pciExpress: { capability: { port: 7, speed: '5', width: 8 }, status: { speed: '2.5', width: 4 } },
    })
  })

  it('has physical and virtual functions', async () => {
    const at = '/sys/devices/pci0000:00/0000:00:14.0'
    const tree = changed(
      [`${at}/sriov_totalvfs`, '8\n'],
      [`${at}/virtfn0`, { link: '../0000:00:14.1' }],
      [`${at}/virtfn2`, { link: '../0000:00:14.3' }],
      [`${at}/physfn`, { link: '../0000:02:00.0' }],
    )
    expect(await read('pci_0000_00_14_0', { tree })).toMatchObject({
      physicalFunction: { domain: 0, bus: 2, slot: 0, function: 0 },
      virtualFunctions: { maxCount: 8, addresses: [{ domain: 0, bus: 0, slot: 0x14, function: 1 }] },
    })
  })

  it('offers types of mediated devices, but for those that lack something', async () => {
    const types = '/sys/devices/pci0000:00/0000:00:14.0/mdev_supported_types'
    const tree = changed(
      [`${types}/b-1/device_api`, 'vfio-pci\n'],
      [`${types}/b-1/available_instances`, '2\n'],
      [`${types}/a-2/name`, 'half\n'],
    )
    expect(await read('pci_0000_00_14_0', { tree })).toMatchObject({
      mdevTypes: [{ id: 'b-1', deviceApi: 'vfio-pci', availableInstances: 2 }],
    })
  })

  it('has vital product data', async () => {
    const vpd = Uint8Array.from([0x82, 2, 0, 65, 66, 0x90, 4, 0, 82, 86, 1, 0, 0x78])
    vpd[11] = -vpd.subarray(0, 12).reduce((sum, byte) => sum + byte, 0)
    const tree = changed(['/sys/devices/pci0000:00/0000:00:14.0/vpd', vpd])
    expect(await read('pci_0000_00_14_0', { tree })).toMatchObject({ vpd: { name: 'AB' } })
  })

  it('is there, poorer, when its configuration space is not; libvirt leaves it out', async () => {
    const tree = smallTree.filter(([path]) => !path.endsWith('00:1f.2/config'))
    expect(await read('pci_0000_00_1f_2', { tree })).toMatchObject({ kind: 'pci', vendor: { id: 0x8086 } })
    expect(await read('pci_0000_00_1f_2', { tree, compat: true })).toBeUndefined()
  })
})

describe('a USB device', () => {
  it('has its names from usb.ids before its own, its serial number and the port it is in', async () => {
    expect(await read('usb_1_1')).toEqual({
      kind: 'usb_device',
      bus: 1,
      device: 7,
      port: '1',
      serial: 'AA"00',
      product: { id: 0x1666, name: 'DataTraveler' },
      vendor: { id: 0x0951, name: 'Kingston' },
    })
  })

  it('has its own names where libvirt, without udevd, knows no others', async () => {
    expect(await read('usb_1_1', { compat: true })).toEqual({
      kind: 'usb_device',
      bus: 1,
      device: 7,
      product: { id: 0x1666 },
      vendor: { id: 0x0951, name: 'Knockoff' },
    })
  })

  it('has the names that udev has', async () => {
    const tree = changed(['/run/udev/data/c189:6', 'E:ID_VENDOR_FROM_DATABASE=\nE:ID_MODEL_FROM_DATABASE=Stick\n'])
    expect(await read('usb_1_1', { tree })).toMatchObject({ product: { name: 'Stick' }, vendor: { name: '' } })
  })

  it('has interfaces, whose numbers the kernel writes in hexadecimal', async () => {
    expect(await read('usb_1_1_1_0')).toEqual({ kind: 'usb', number: 0, class: 8, subclass: 6, protocol: 0x50 })
  })
})

describe('a network interface', () => {
  const name = 'net_br0_52_54_00_00_00_01'

  it('has no speed while the kernel does not know it', async () => {
    expect(await read(name)).toEqual({
      kind: 'net',
      interface: 'br0',
      address: '52:54:00:00:00:01',
      link: { state: 'up' },
      subtype: '80203',
      type: 'bridge',
    })
  })

  it('says what it stands on', async () => {
    const at = '/sys/devices/virtual/net/br0'
    const tree = changed(
      [`${at}/lower_eth1`, { link: '../eth1' }],
      [`${at}/lower_eth0`, { link: '../eth0' }],
      [`${at}/uevent`, 'INTERFACE=br0\n'],
      [`${at}/tun_flags`, '0x1002\n'],
    )
    expect(await read(name, { tree })).toMatchObject({ type: 'tun', lower: ['eth0', 'eth1'] })
    const plain = await read(name, { tree, compat: true })
    expect([plain?.kind, plain && 'type' in plain, plain && 'lower' in plain]).toEqual(['net', false, false])
  })

  it('has the speed that libvirt makes of that', async () => {
    const tree = changed(['/sys/devices/virtual/net/br0/uevent', 'INTERFACE=br0\n'])
    expect(await read(name, { tree, compat: true })).toMatchObject({ link: { state: 'up', speed: 4294967295 } })
  })

  it('is wireless when its driver says so', async () => {
    const tree = changed(['/sys/devices/virtual/net/br0/uevent', 'INTERFACE=br0\nDEVTYPE=wlan\n'])
    expect(await read(name, { tree, compat: true })).toMatchObject({ subtype: '80211' })
  })
})

describe('a SCSI host', () => {
  const fc = '/sys/class/fc_host/host0'

  it('has its number', async () => {
    expect(await read('scsi_host0')).toEqual({ kind: 'scsi_host', host: 0, uniqueId: 1 })
  })

  it('has the names of a Fibre Channel port, and what virtual ports it can have', async () => {
    const tree = changed(
      [`${fc}/node_name`, '0x2000001b32a9da4e\n'],
      [`${fc}/port_name`, '0x2100001b32a9da4e\n'],
      [`${fc}/fabric_name`, '0x2001000dec9877c1\n'],
      [`${fc}/max_npiv_vports`, '127\n'],
      [`${fc}/npiv_vports_inuse`, '2\n'],
    )
    expect(await read('scsi_host0', { tree, compat: true })).toMatchObject({
      fcHost: { wwnn: '2000001b32a9da4e', wwpn: '2100001b32a9da4e', fabricWwn: '2001000dec9877c1' },
      vportOps: { maxVports: 127, vports: 2 },
    })
  })

  it('has what is known of a port without a fabric, of which libvirt says nothing', async () => {
    const tree = changed([`${fc}/node_name`, '0x2\n'], [`${fc}/port_name`, '0x1\n'])
    expect(await read('scsi_host0', { tree })).toMatchObject({ fcHost: { wwnn: '2', wwpn: '1' } })
    expect(await read('scsi_host0', { tree, compat: true })).toEqual({ kind: 'scsi_host', host: 0, uniqueId: 1 })
  })
})

describe('a SCSI target', () => {
  it('behind Fibre Channel has its remote port', async () => {
    const tree = [
      ...sysfs('/sys/devices/host3/rport-3:0-1/target3:0:0', 'bus/scsi'),
      ['/sys/class/fc_remote_ports/rport-3:0-1/port_name', '0x9d73bc45f0e21a86\n'] as const,
    ]
    expect(await read('scsi_target3_0_0', { tree })).toEqual({
      kind: 'scsi_target',
      target: 'target3:0:0',
      fcRemotePort: { rport: 'rport-3:0-1', wwpn: '0x9d73bc45f0e21a86' },
    })
  })
})

describe('a drive', () => {
  it('has the id that stays with it, though libvirt does not say so', async () => {
    const tree = changed(['/sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/wwid', 'naa.5000c5\n'])
    expect(await read('block_sda_DISK_1', { tree })).toMatchObject({ wwid: 'naa.5000c5' })
    expect(await read('block_sda_DISK_1', { tree, compat: true })).not.toHaveProperty('wwid')
  })

  it('has its true size, in blocks of its own', async () => {
    expect(await read('block_sda_DISK_1')).toEqual({
      kind: 'storage',
      block: '/dev/sda',
      bus: 'ata',
      driveType: 'disk',
      model: 'DISK "1"',
      vendor: 'ATA',
      serial: 'DISK_1',
      size: 512_000,
      logicalBlockSize: 4096,
      numBlocks: 125,
    })
  })

  it('has the size that libvirt takes it to have', async () => {
    expect(await read('block_sda_DISK_1', { compat: true })).toMatchObject({ size: 4_096_000, numBlocks: 1000 })
  })

  it('is told by the kernel alone where udevd does not run', async () => {
    const tree = smallTree.filter(([path]) => !path.startsWith('/run/udev'))
    expect(await read('block_sda', { tree })).toMatchObject({ driveType: 'disk' })
    expect(await read('block_sda', { tree, compat: true })).toBeUndefined()
  })

  const at = '/sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda'
  const udev = (text: string): [string, MemoryFile] => ['/run/udev/data/b8:0', text]

  it('of s390 has the serial number that its driver knows, also in its name', async () => {
    const tree = sysfs('/sys/devices/css0/0.0.0000/0.0.0200/block/dasda', 'class/block', {
      size: '100\n',
      'queue/logical_block_size': '4096\n',
      'device/uid': 'IBM.750000000DHJ31.aa00.02\n',
      uevent: 'MAJOR=94\nMINOR=0\nDEVNAME=dasda\nDEVTYPE=disk\n',
    })
    expect(await read('block_dasda_IBM_750000000DHJ31_aa00_02', { tree, compat: true })).toMatchObject({
      driveType: 'dasd',
      serial: 'IBM.750000000DHJ31.aa00.02',
    })
  })

  it('has no model where there are blanks in its place', async () => {
    const tree = changed([`/sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/model`, '    \n'])
    expect(await read('block_sda_DISK_1', { tree })).not.toHaveProperty('model')
    expect(await read('block_sda_DISK_1', { tree, compat: true })).toMatchObject({ model: '' })
  })

  it('that is removable says whether a medium is in', async () => {
    const tree = changed([`${at}/removable`, '1\n'], udev('E:ID_CDROM=1\nE:ID_CDROM_MEDIA=1\nE:ID_FS_LABEL=DISC\n'))
    expect(await read('block_sda', { tree })).toMatchObject({
      driveType: 'cdrom',
      removable: { mediaAvailable: true, mediaSize: 512_000, mediaLabel: 'DISC', logicalBlockSize: 4096 },
    })
  })

  it('that is removable and empty has a medium of no size', async () => {
    const tree = changed([`${at}/removable`, '1\n'], udev('E:ID_TYPE=cd\n'))
    expect(await read('block_sda', { tree, compat: true })).toMatchObject({
      removable: { mediaAvailable: false, mediaSize: 0 },
    })
  })

  it('on USB is removable, though libvirt does not say so', async () => {
    const tree = changed([`${at}/removable`, '1\n'], udev('E:ID_TYPE=disk\n'))
    expect(await read('block_sda', { tree })).toMatchObject({ removable: { mediaAvailable: true, mediaSize: 512_000 } })
    expect(await read('block_sda', { tree, compat: true })).toMatchObject({ size: 4_096_000 })
  })

  it.each([
    ['ID_TYPE=generic\nE:ID_DRIVE_FLASH_SD=1', 'sd'],
    ['ID_DRIVE_FLOPPY=1', 'floppy'],
    ['ID_TYPE=cd/dvd', 'cdrom'],
    ['ID_TYPE=tape', undefined],
  ])('is of the type that udev names: %s', async (property, driveType) => {
    const capability = await read('block_sda', { tree: changed(udev(`E:${property}\n`)) })
    expect(capability?.kind === 'storage' ? capability.driveType : undefined).toBe(driveType)
  })
})

describe('mediated devices', () => {
  const uuid = 'd069d019-36ea-4111-8f0a-8c9a70e21366'

  it('are named by their UUID and the address of their parent', async () => {
    const tree = sysfs(`/sys/devices/pci0000:00/0000:00:02.0/${uuid}`, 'bus/mdev', {
      mdev_type: { link: '../mdev_supported_types/i915-GVTg_V5_4' },
      iommu_group: { link: '../../../../kernel/iommu_groups/12' },
    })
    expect(await read(`mdev_${uuid.replaceAll('-', '_')}_0000_00_02_0`, { tree })).toEqual({
      kind: 'mdev',
      type: 'i915-GVTg_V5_4',
      uuid,
      parentAddress: '0000:00:02.0',
      iommuGroup: 12,
    })
  })

  it('have a parent of its own kind in the kernel’s sample', async () => {
    const tree = sysfs('/sys/devices/virtual/mtty/mtty', 'class/mtty', {
      'mdev_supported_types/mtty-1/device_api': 'vfio-pci\n',
      'mdev_supported_types/mtty-1/available_instances': '24\n',
    })
    expect(await read('mtty_mtty', { tree })).toEqual({
      kind: 'mdev_types',
      types: [{ id: 'mtty-1', deviceApi: 'vfio-pci', availableInstances: 24 }],
    })
  })
})

describe('devices of s390', () => {
  const css = '/sys/devices/css0/0.0.0070'
  const tree = [
    ...sysfs(css, 'bus/css', { driver: { link: '../../../bus/css/drivers/io_subchannel' }, dev_busid: '0.0.10ba\n' }),
    ...sysfs('/sys/devices/css0/0.0.0071', 'bus/css', { driver: { link: '../../bus/css/drivers/chsc_subchannel' } }),
    ...sysfs(`${css}/0.0.10ba`, 'bus/ccw', { online: '1\n', group_device: { link: '../../qeth/0.0.bd00' } }),
    ...sysfs(`${css}/0.0.10bb`, 'bus/ccw', { online: '0\n' }),
    ...sysfs('/sys/devices/qeth/0.0.bd00', 'bus/ccwgroup', {
      online: '1\n',
      driver: { link: '../../../bus/ccwgroup/drivers/qeth' },
      card_type: 'OSD_10GIG\n',
      chpid: '76\n',
      cdev0: { link: '../../css0/0.0.0070/0.0.10ba' },
    }),
    ...sysfs('/sys/devices/ap/card07', 'bus/ap'),
    ...sysfs('/sys/devices/ap/card07/07.0038', 'bus/ap'),
    ...sysfs('/sys/devices/vfio_ap/matrix', 'bus/matrix', {
      'mdev_supported_types/vfio_ap-passthrough/device_api': 'vfio-ap\n',
      'mdev_supported_types/vfio_ap-passthrough/available_instances': '65536\n',
    }),
  ]

  it.each<[string, NodeDeviceDef['capabilities'][number]]>([
    [
      'css_0_0_0070',
      { kind: 'css', cssid: 0, ssid: 0, devno: 0x70, channelDevice: { cssid: 0, ssid: 0, devno: 0x10ba } },
    ],
    ['ccw_0_0_10ba', { kind: 'ccw', cssid: 0, ssid: 0, devno: 0x10ba, groupDevice: 'ccwgroup_0_0_bd00' }],
    [
      'ccwgroup_0_0_bd00',
      {
        kind: 'ccwgroup',
        state: 'online',
        cssid: 0,
        ssid: 0,
        devno: 0xbd00,
        members: [{ ref: 'cdev0', device: 'ccw_0_0_10ba' }],
        qeth: { cardType: 'OSD_10GIG', chpid: '76' },
      },
    ],
    ['ap_card07', { kind: 'ap_card', adapter: 7 }],
    ['ap_07_0038', { kind: 'ap_queue', adapter: 7, domain: 0x38 }],
    [
      'ap_matrix',
      {
        kind: 'ap_matrix',
        mdevTypes: [{ id: 'vfio_ap-passthrough', deviceApi: 'vfio-ap', availableInstances: 65536 }],
      },
    ],
  ])('are read from a recorded tree: %s', async (name, expected) => {
    expect(await read(name, { tree })).toEqual(expected)
  })

  it('are left out when they are offline or of no use for guests', async () => {
    const host = new LinuxHost({ files: new MemoryFiles(tree) })
    expect((await host.list({ capability: ['ccw', 'css'] }, {})).sort()).toEqual(['ccw_0_0_10ba', 'css_0_0_0070'])
  })
})

describe('a vDPA device', () => {
  it('has the character device that a guest is given', async () => {
    const tree = [
      ...sysfs('/sys/devices/pci0000:00/vdpa0', 'bus/vdpa'),
      ['/sys/devices/pci0000:00/vdpa0/vhost-vdpa-0/dev', '511:0\n'] as const,
    ]
    expect(await read('vdpa_vdpa0', { tree })).toEqual({ kind: 'vdpa', chardev: '/dev/vhost-vdpa-0' })
    expect(await read('vdpa_vdpa0', { tree: tree.slice(0, -1) })).toEqual({ kind: 'vdpa' })
  })
})

describe('a sound card', () => {
  const tree = [
    ...sysfs('/sys/devices/pci0000:00/0000:00:1b.0/sound/card0', 'class/sound', { id: 'Intel\n', number: '0\n' }),
    ['/sys/devices/pci0000:00/0000:00:1b.0/sound/card0/controlC0/uevent', 'DEVNAME=snd/controlC0\n'] as const,
    ...sysfs('/sys/devices/pci0000:00/0000:00:1b.0/sound/card0/pcmC0D0p', 'class/sound'),
  ]

  it('has the node by which it is controlled', async () => {
    const host = new LinuxHost({ files: new MemoryFiles(tree) })
    expect(await host.lookup('sound_card0', {})).toEqual({
      name: 'sound_card0',
      path: '/sys/devices/pci0000:00/0000:00:1b.0/sound/card0',
      devnode: '/dev/snd/controlC0',
      parent: 'computer',
      capabilities: [{ kind: 'sound', card: 0, id: 'Intel' }],
    })
    expect(await host.list({ capability: 'sound' }, {})).toEqual(['sound_card0'])
  })

  it('is unknown to libvirt', async () => {
    expect(await read('sound_card0', { tree, compat: true })).toBeUndefined()
  })
})

describe('an input device', () => {
  const at = '/sys/devices/platform/i8042/serio1/input/input3'
  const tree = [
    ...sysfs(at, 'class/input', {
      name: 'Mouse <1>\n',
      phys: 'isa0060/serio1/input0\n',
      uniq: '\n',
      'id/vendor': '0002\n',
      'id/product': '0006\n',
      'event2/uevent': 'MAJOR=13\nMINOR=66\nDEVNAME=input/event2\n',
    }),
    ['/run/udev/data/+input:input3', 'E:ID_INPUT=1\nE:ID_INPUT_MOUSE=1\nE:ID_INPUT_KEY=0\n'] as const,
    ['/run/udev/data/c13:66', 'S:input/by-path/platform-i8042-serio-1-event-mouse\n'] as const,
    ...sysfs('/sys/devices/platform/pcspkr/input/input9', 'class/input'),
  ]

  it('has the node that a guest can be given', async () => {
    const host = new LinuxHost({ files: new MemoryFiles(tree) })
    expect(await host.lookup('input_input3', {})).toMatchObject({
      devnode: '/dev/input/event2',
      devlinks: ['/dev/input/by-path/platform-i8042-serio-1-event-mouse'],
      capabilities: [
        {
          kind: 'input',
          label: 'Mouse <1>',
          uses: ['mouse'],
          port: 'isa0060/serio1/input0',
          vendor: { id: 2 },
          product: { id: 6 },
        },
      ],
    })
    expect(await host.list({ capability: 'input' }, {})).toEqual(['input_input3'])
    expect(await host.list({ capability: 'input' }, { compat: true })).toEqual([])
  })
})

describe('a node of the Direct Rendering Manager', () => {
  it('is of the type that its minor number says', async () => {
    expect(await read('drm_card0')).toEqual({ kind: 'drm', type: 'primary' })
  })
})
