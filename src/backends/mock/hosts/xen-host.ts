import type { MockOptions } from '../mock.js'
import { computer, disk, net, pci, usb, usbInterface } from './parts.js'

/** A Xen host: no IOMMU groups are seen in dom0, one network card is held by pciback, guests have PVUSB controllers. */
export function xenHost(): MockOptions {
  const intel = 'Intel Corporation'
  const onboard = pci('0000:00:1f.6', {
    id: '8086:15b8',
    vendor: intel,
    product: 'Ethernet Connection I219-V',
    class: 0x020000,
    driver: 'e1000e',
  })
  const given = pci('0000:03:00.0', {
    id: '8086:1521',
    vendor: intel,
    product: 'I350 Gigabit Network Connection',
    class: 0x020000,
    driver: 'pciback',
  })
  const ahci = pci('0000:00:17.0', {
    id: '8086:a102',
    vendor: intel,
    product: 'SATA Controller [AHCI mode]',
    class: 0x010601,
    driver: 'ahci',
  })
  const xhci = pci('0000:00:14.0', {
    id: '8086:a12f',
    vendor: intel,
    product: 'USB 3.0 xHCI Controller',
    class: 0x0c0330,
    driver: 'xhci_hcd',
  })
  const root = usb('usb1', 1, { id: '1d6b:0002', vendor: 'Linux Foundation', product: '2.0 root hub' }, xhci)
  const mouse = usb('1-6', 6, { id: '046d:c016', vendor: 'Logitech, Inc.', product: 'Optical Wheel Mouse' }, root)
  const stick = usb(
    '1-2',
    3,
    { id: '0781:5567', vendor: 'SanDisk Corp.', product: 'Cruzer Blade', serial: '4C530001230101' },
    root,
  )
  return {
    uri: 'mock:///xenHost',
    proposal: { managed: false },
    devices: [
      computer('Supermicro', 'X11SSH-F', '00000000-0000-0000-0000-0cc47ae1b2c3'),
      onboard,
      net('eth0', '0c:c4:7a:e1:b2:c3', onboard, { speed: 1000 }),
      given,
      ahci,
      disk('sda', ahci, { bus: 'ata', model: 'INTEL SSDSC2BB480G7', serial: 'PHDV1234567890', gib: 447 }),
      xhci,
      root,
      usbInterface(root, 0, 9, 'hub'),
      mouse,
      usbInterface(mouse, 0, 3, 'usbhid'),
      stick,
      usbInterface(stick, 0, 8, 'usb-storage'),
      net('xenbr0', '0c:c4:7a:e1:b2:c3'),
    ],
    domains: [
      { name: 'pv1', controllers: [{ type: 'pv', version: 2, ports: 8 }] },
      {
        name: 'hvm1',
        hostdevs: [{ kind: 'pci', managed: false, source: { address: { domain: 0, bus: 3, slot: 0, function: 0 } } }],
      },
    ],
  }
}
