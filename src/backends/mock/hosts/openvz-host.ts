import type { MockOptions } from '../mock.js'
import { computer, disk, net, pci } from './parts.js'

/** An OpenVZ host: containers get logical devices, network interfaces above all. */
export function openvzHost(): MockOptions {
  const ports = [0, 1, 2].map((port) =>
    pci(`0000:02:0${port}.0`, {
      id: '8086:100f',
      vendor: 'Intel Corporation',
      product: '82545EM Gigabit Ethernet Controller',
      class: 0x020000,
      driver: 'e1000',
    }),
  )
  const scsi = pci('0000:00:10.0', {
    id: '1000:0030',
    vendor: 'LSI Logic',
    product: '53c1030',
    class: 0x010000,
    driver: 'mptspi',
  })
  return {
    uri: 'mock:///openvzHost',
    proposal: { container: true },
    devices: [
      computer('VMware, Inc.', 'VMware Virtual Platform', '564d1f2e-3c4b-5a69-7887-96a5b4c3d2e1'),
      scsi,
      disk('sda', scsi, {
        bus: 'scsi',
        vendor: 'VMware',
        model: 'Virtual disk',
        serial: '36000c29a1b2c3d4e',
        gib: 200,
      }),
      ...ports.flatMap((port, index) => [
        port,
        net(`eth${index}`, `00:0c:29:aa:bb:0${index}`, port, index === 0 ? { speed: 1000 } : { state: 'down' }),
      ]),
      net('venet0', '00:00:00:00:00:01'),
    ],
    domains: [
      { name: '101', hostdevs: [{ kind: 'net', source: { interface: 'eth1' } }] },
      { name: '102' },
      { name: '103', state: 'shutoff' },
    ],
  }
}
