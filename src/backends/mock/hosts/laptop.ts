import type { MockOptions } from '../mock.js'
import { computer, disk, drm, net, pci, usb, usbInterface } from './parts.js'

/** A laptop: graphics, wireless, an NVMe disk, a camera, a security key, and a dongle in a hub. */
export function laptop(): MockOptions {
  const intel = 'Intel Corporation'
  const gpu = pci('0000:00:02.0', {
    id: '8086:9a49',
    vendor: intel,
    product: 'TigerLake-LP GT2 [Iris Xe Graphics]',
    class: 0x030000,
    driver: 'i915',
    group: 0,
  })
  const xhci = pci('0000:00:14.0', {
    id: '8086:a0ed',
    vendor: intel,
    product: 'Tiger Lake-LP USB 3.2 xHCI Controller',
    class: 0x0c0330,
    driver: 'xhci_hcd',
    group: 5,
  })
  const wifi = pci('0000:00:14.3', {
    id: '8086:a0f0',
    vendor: intel,
    product: 'Wi-Fi 6 AX201',
    class: 0x028000,
    driver: 'iwlwifi',
    group: 6,
  })
  const port = pci('0000:00:1d.0', {
    id: '8086:a0b0',
    vendor: intel,
    product: 'Tiger Lake-LP PCI Express Root Port',
    class: 0x060400,
    driver: 'pcieport',
    group: 9,
    pciBridge: true,
  })
  const nvme = pci(
    '0000:01:00.0',
    {
      id: '144d:a809',
      vendor: 'Samsung',
      product: 'NVMe SSD Controller 980',
      class: 0x010802,
      driver: 'nvme',
      group: 10,
    },
    port,
  )
  const root = usb('usb3', 1, { id: '1d6b:0002', vendor: 'Linux Foundation', product: '2.0 root hub' }, xhci)
  const camera = usb('3-5', 2, { id: '04f2:b6d9', vendor: 'Chicony', product: 'HP HD Camera', serial: '0x0001' }, root)
  const hub = usb('3-2', 3, { id: '05e3:0608', vendor: 'Genesys Logic', product: 'Hub' }, root)
  const key = usb('3-3', 4, { id: '1050:0407', vendor: 'Yubico.com', product: 'Yubikey 4/5 OTP+U2F+CCID' }, root)
  const dongle = usb('3-2.1', 5, { id: '0403:6001', vendor: 'FTDI', product: 'FT232 Serial', serial: 'A50285BI' }, hub)
  return {
    uri: 'mock:///laptop',
    devices: [
      computer('HP', 'EliteBook 840 G8', '0c5a7f6e-6f3d-4d3c-9a55-3f3a3f5f1c01'),
      gpu,
      ...drm(0, gpu),
      xhci,
      wifi,
      net('wlp0s20f3', 'a4:6b:b6:10:20:30', wifi, { wireless: true }),
      port,
      nvme,
      disk('nvme0n1', nvme, { model: 'SAMSUNG MZVL2512HCJQ-00BH1', serial: 'S64KNX0R123456', gib: 476 }),
      root,
      usbInterface(root, 0, 9, 'hub'),
      hub,
      usbInterface(hub, 0, 9, 'hub'),
      camera,
      usbInterface(camera, 0, 14, 'uvcvideo'),
      usbInterface(camera, 1, 14, 'uvcvideo'),
      key,
      usbInterface(key, 0, 3, 'usbhid'),
      dongle,
      usbInterface(dongle, 0, 255, 'ftdi_sio'),
      net('lo', '00:00:00:00:00:00', undefined, { state: 'unknown' }),
    ],
    domains: [{ name: 'fedora' }, { name: 'windows', state: 'shutoff' }],
  }
}
