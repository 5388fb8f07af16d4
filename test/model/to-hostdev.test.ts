import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type HostdevDef, hostdev } from '../../src/model/hostdev.js'
import { type Capability, type NodeDeviceDef, nodeDevice } from '../../src/model/node-device.js'
import { toHostdev } from '../../src/model/to-hostdev.js'
import { untar } from '../host/tar.js'
import { needs } from '../needs.js'
import { shared } from '../shared.js'

const device = (name: string, capability: Capability, parent = 'computer'): NodeDeviceDef => ({
  name,
  parent,
  capabilities: [capability],
})

const ids = { product: { id: 0x2016 }, vendor: { id: 0x0483 } }
const function1: Capability = { kind: 'pci', domain: 0, bus: 3, slot: 0, function: 1, ...ids }
const nic = device('pci_0000_03_00_1', function1)
const pciHostdev: HostdevDef = {
  kind: 'pci',
  managed: true,
  source: { address: { domain: 0, bus: 3, slot: 0, function: 1 } },
}
const stick = device('usb_1_2', { kind: 'usb_device', bus: 1, device: 4, ...ids }, 'usb_usb1')
const twin = device('usb_1_3', { kind: 'usb_device', bus: 1, device: 5, ...ids }, 'usb_usb1')
const unit = device('scsi_5_0_1_7', { kind: 'scsi', host: 5, bus: 0, target: 1, lun: 7 })
const uuid = 'c2177883-f1bb-47f0-914d-32a22e3a8804'
const virtual = (type: string) => device('mdev', { kind: 'mdev', type, uuid }, 'mtty_mtty')
const mdevType = (id: string, deviceApi: string) => ({ id, deviceApi, availableInstances: 1 })
const mtty = device('mtty_mtty', {
  kind: 'mdev_types',
  types: [mdevType('mtty-1', 'vfio-pci'), mdevType('ap-1', 'vfio-ap'), mdevType('odd-1', 'vfio-odd')],
})

describe('toHostdev', () => {
  it.each<[what: string, def: NodeDeviceDef, others: NodeDeviceDef[], proposed: HostdevDef, reason: string]>([
    ['a PCI function', nic, [], pciHostdev, 'is a PCI function'],
    [
      'an interface',
      device('net', { kind: 'net', interface: 'eth0' }, nic.name),
      [nic],
      pciHostdev,
      'pci_0000_03_00_1',
    ],
    [
      'an NVMe disk',
      device('nvme', { kind: 'storage', block: '/dev/nvme0n1' }, nic.name),
      [nic],
      pciHostdev,
      'is part of',
    ],
    ['an HBA', device('scsi_host5', { kind: 'scsi_host', host: 5 }, nic.name), [nic], pciHostdev, 'the host adapter'],
    [
      'a USB device that is the only one of its ids',
      stick,
      [],
      { kind: 'usb', managed: false, source: { vendor: 0x0483, product: 0x2016 } },
      'the only 0x0483:0x2016',
    ],
    [
      'a USB device that has a twin',
      stick,
      [stick, twin],
      { kind: 'usb', managed: false, source: { vendor: 0x0483, product: 0x2016, address: { bus: 1, device: 4 } } },
      '2 devices are 0x0483:0x2016',
    ],
    [
      'a SCSI disk',
      device('block_sda', { kind: 'storage', block: '/dev/sda' }, unit.name),
      [unit],
      {
        kind: 'scsi',
        managed: false,
        source: { kind: 'adapter', adapter: 'scsi_host5', address: { bus: 0, target: 1, unit: '7' } },
      },
      'scsi_5_0_1_7 is a SCSI unit',
    ],
    [
      'a mediated device',
      virtual('ap-1'),
      [mtty],
      { kind: 'mdev', managed: false, model: 'vfio-ap', source: { uuid } },
      'its type ap-1 is for vfio-ap',
    ],
  ])('gives %s', (_, def, others, proposed, reason) => {
    const { hostdev: answer, reasons } = toHostdev(def, others)
    expect(answer).toEqual(proposed)
    expect(reasons.join('; ')).toContain(reason)
  })

  it('gives a container the interface and the disk themselves', () => {
    const container = { container: true }
    expect(toHostdev(device('n', { kind: 'net', interface: 'eth0' }), [], container).hostdev).toEqual({
      kind: 'net',
      source: { interface: 'eth0' },
    })
    expect(toHostdev(device('s', { kind: 'storage', block: '/dev/sda' }), [], container).hostdev).toEqual({
      kind: 'storage',
      source: { block: '/dev/sda' },
    })
  })

  it('leaves a PCI device to be managed by hand', () => {
    expect(toHostdev(nic, [], { managed: false }).hostdev).toEqual({ ...pciHostdev, managed: false })
  })

  it.each<[what: string, def: NodeDeviceDef, others: NodeDeviceDef[]]>([
    ['the computer', device('computer', { kind: 'system' } as Capability), []],
    ['a virtual interface', device('net_lo', { kind: 'net', interface: 'lo' }), []],
    ['a mediated device of an unknown kind', virtual('odd-1'), [mtty]],
    ['a device above itself', device('scsi_host1', { kind: 'scsi_host', host: 1 }, 'scsi_host1'), []],
  ])('refuses %s', (_, def, others) => {
    expect(() => toHostdev(def, [def, ...others])).toThrow(expect.objectContaining({ code: 'operation-unsupported' }))
  })
})

const missing =
  shared === undefined
    ? 'the recording is not here'
    : spawnSync('zstd', ['--version']).error && 'no zstd is installed to unpack the recording'

needs(missing).describe('the recorded host of 799 devices', () => {
  it('has a valid host device for each of its PCI, USB, SCSI and net devices', () => {
    const archive = join(shared ?? '', 'hosts', 'lab-nodedev-xml.tar.zst')
    const files = [...untar(spawnSync('zstd', ['-dc', archive], { maxBuffer: 2 ** 28 }).stdout)]
    const defs = files.flatMap(([, file]) => (file instanceof Uint8Array ? [nodeDevice.parse(file)] : []))
    const counts: Record<string, number> = {}
    const invalid: string[] = []
    for (const def of defs) {
      const kind = def.capabilities[0]?.kind ?? ''
      if (!['pci', 'usb_device', 'usb', 'scsi', 'net', 'mdev'].includes(kind)) continue
      const options = { container: kind === 'net' && def.parent === 'computer' }
      const proposed = toHostdev(def, defs, options).hostdev
      if (hostdev.validate(hostdev.format(proposed)).length > 0) invalid.push(def.name)
      counts[kind] = (counts[kind] ?? 0) + 1
    }
    // libvirt's schema admits no @ in the name of an interface
    expect(invalid).toEqual(['net_we_ird_n_me_32_02_0b_24_00_a6'])
    expect(counts).toEqual({ pci: 48, usb_device: 38, usb: 39, scsi: 209, net: 17 })
  })
})
