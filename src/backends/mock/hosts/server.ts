import type { NodeDeviceDef } from '../../../model/node-device.js'
import type { MockOptions } from '../mock.js'
import { computer, disk, drm, net, pci, scsi, scsiHost, usb, usbInterface } from './parts.js'

const vgpu = (id: string, name: string, availableInstances: number) => ({
  id,
  name,
  deviceApi: 'vfio-pci',
  availableInstances,
})

const rootPort = (address: string, group: number): NodeDeviceDef =>
  pci(address, {
    id: '8086:347a',
    vendor: 'Intel Corporation',
    product: 'Ice Lake PCIe Root Port',
    class: 0x060400,
    driver: 'pcieport',
    group,
    pciBridge: true,
  })

/** Both functions of a network card with SR-IOV; each is alone in its group. */
function networkCard(port: NodeDeviceDef): NodeDeviceDef[] {
  return [0, 1].flatMap((fn) => {
    const card = pci(
      `0000:17:00.${fn}`,
      {
        id: '8086:1592',
        vendor: 'Intel Corporation',
        product: 'Ethernet Controller E810-C for QSFP',
        class: 0x020000,
        driver: 'ice',
        group: 20 + fn,
        numaNode: 0,
        virtualFunctions: { maxCount: 8, addresses: [] },
      },
      port,
    )
    return [card, net(`ens1f${fn}`, `b4:96:91:00:00:0${fn}`, card, { speed: 100_000 })]
  })
}

/** A graphics card whose sound function shares its group, and one that is split into mediated devices. */
function graphics(port: NodeDeviceDef, other: NodeDeviceDef): NodeDeviceDef[] {
  const nvidia = { vendor: 'NVIDIA Corporation', numaNode: 0 }
  const gpu = pci(
    '0000:65:00.0',
    {
      ...nvidia,
      id: '10de:2204',
      product: 'GA102 [GeForce RTX 3090]',
      class: 0x030000,
      driver: 'nouveau',
      group: 30,
      with: ['0000:65:00.1'],
    },
    port,
  )
  const sound = pci(
    '0000:65:00.1',
    {
      ...nvidia,
      id: '10de:1aef',
      product: 'GA102 High Definition Audio',
      class: 0x040300,
      driver: 'snd_hda_intel',
      group: 30,
      with: ['0000:65:00.0'],
    },
    port,
  )
  const shared = pci(
    '0000:ca:00.0',
    {
      ...nvidia,
      id: '10de:1eb8',
      product: 'TU104GL [Tesla T4]',
      class: 0x030200,
      driver: 'nvidia',
      group: 31,
      mdevTypes: [vgpu('nvidia-222', 'GRID T4-1B', 16), vgpu('nvidia-230', 'GRID T4-16Q', 1)],
    },
    other,
  )
  return [gpu, ...drm(0, gpu), sound, shared]
}

/** Two ports of a Fibre Channel adapter with NPIV, one with a disk behind it. */
function fibreChannel(port: NodeDeviceDef): NodeDeviceDef[] {
  const fabricWwn = '2001000dec9877c1'
  return [0, 1].flatMap((fn) => {
    const card = pci(
      `0000:b1:00.${fn}`,
      {
        id: '1077:2261',
        vendor: 'QLogic Corp.',
        product: 'ISP2722 16/32Gb Fibre Channel',
        class: 0x0c0400,
        driver: 'qla2xxx',
        group: 40 + fn,
      },
      port,
    )
    const hba = scsiHost(10 + fn, card, {
      fcHost: { wwnn: `2000f4e9d455a1b${fn}`, wwpn: `2100f4e9d455a1b${fn}`, fabricWwn },
      vportOps: { maxVports: 254, vports: 0 },
    })
    if (fn === 1) return [card, hba]
    const [target, lun] = scsi('10:0:0:1', hba, 'disk')
    return [
      card,
      hba,
      target,
      lun,
      disk('sdb', lun, { bus: 'scsi', vendor: 'NETAPP', model: 'LUN C-Mode', serial: '3600a098038314c6f', gib: 1024 }),
    ]
  })
}

/** A server: SR-IOV network cards, graphics with mediated devices, NVMe, twin USB dongles, Fibre Channel with NPIV. */
export function server(): MockOptions {
  const [first, second, third, fourth, fifth] = [
    rootPort('0000:16:02.0', 10),
    rootPort('0000:64:00.0', 11),
    rootPort('0000:c9:02.0', 12),
    rootPort('0000:b0:02.0', 13),
    rootPort('0000:30:02.0', 14),
  ] as const
  const xhci = pci('0000:00:14.0', {
    id: '8086:a1af',
    vendor: 'Intel Corporation',
    product: 'C620 Series Chipset USB 3.0 xHCI Controller',
    class: 0x0c0330,
    driver: 'xhci_hcd',
    group: 3,
  })
  const nvme = pci(
    '0000:31:00.0',
    {
      id: '1344:51c0',
      vendor: 'Micron Technology Inc',
      product: '7400 PRO NVMe SSD',
      class: 0x010802,
      driver: 'nvme',
      group: 50,
      numaNode: 0,
    },
    fifth,
  )
  const root = usb('usb1', 1, { id: '1d6b:0002', vendor: 'Linux Foundation', product: '2.0 root hub' }, xhci)
  // twins: nothing but the port tells them apart
  const twins = [1, 2].map((port) =>
    usb(`1-${port}`, port + 1, { id: '064f:2af9', vendor: 'WIBU-Systems AG', product: 'CmStick (HID)' }, root),
  )
  return {
    uri: 'mock:///server',
    devices: [
      computer('Dell Inc.', 'PowerEdge R750', '4c4c4544-0034-4d10-8052-b4c04f583932'),
      first,
      ...networkCard(first),
      second,
      third,
      ...graphics(second, third),
      fourth,
      ...fibreChannel(fourth),
      fifth,
      nvme,
      disk('nvme0n1', nvme, { model: 'Micron_7400_MTFDKBG960TDZ', serial: '22063A1B2C3D', gib: 894 }),
      xhci,
      root,
      usbInterface(root, 0, 9, 'hub'),
      ...twins.flatMap((twin) => [twin, usbInterface(twin, 0, 3, 'usbhid')]),
      net('lo', '00:00:00:00:00:00', undefined, { state: 'unknown' }),
    ],
    domains: [{ name: 'web' }, { name: 'db' }, { name: 'render', state: 'shutoff' }],
  }
}
