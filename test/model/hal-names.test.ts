import { describe, expect, it } from 'vitest'
import { halCandidates, isHalKey } from '../../src/model/hal-names.js'
import type { Capability, NodeDeviceDef } from '../../src/model/node-device.js'

const device = (name: string, parent: string | undefined, capability: Capability): NodeDeviceDef => ({
  name,
  ...(parent !== undefined && { parent }),
  capabilities: [capability],
})
const pci = (slot: number, product: number): Capability => ({
  kind: 'pci',
  domain: 0,
  bus: 0,
  slot,
  function: 0,
  vendor: { id: 0x8086 },
  product: { id: product },
})
const usb = (vendor: number, product: number, serial?: string): Capability => ({
  kind: 'usb_device',
  bus: 1,
  device: 2,
  vendor: { id: vendor },
  product: { id: product },
  ...(serial !== undefined && { serial }),
})

const host: NodeDeviceDef[] = [
  device('computer', undefined, {
    kind: 'system',
    hardware: { uuid: '00000000-0000-0000-0000-000000000000' },
    firmware: {},
  }),
  device('pci_0000_00_1f_0', 'computer', pci(0x1f, 0x27da)),
  device('pci_0000_00_1d_0', 'computer', pci(0x1d, 0x4227)),
  device('pci_0000_00_1e_0', 'computer', pci(0x1e, 0x4227)),
  device('pci_0000_00_1c_0', 'computer', pci(0x1c, 0x27c5)),
  device('usb_usb1', 'pci_0000_00_1d_0', usb(0x1d6b, 2, '0000:00:1d.3')),
  device('usb_1_1', 'usb_usb1', usb(0x483, 0x2016)),
  device('usb_1_2', 'usb_usb1', usb(0x781, 0x5567, '0401-08')),
  device('usb_1_2_1_0', 'usb_1_2', { kind: 'usb', number: 0, class: 8, subclass: 6, protocol: 80 }),
  device('net_wlan0', 'pci_0000_00_1d_0', { kind: 'net', interface: 'wlan0', address: '00:13:02:b9:f9:d3' }),
  device('net_lo', 'computer', { kind: 'net', interface: 'lo', address: '00:00:00:00:00:00' }),
  device('scsi_host0', 'pci_0000_00_1c_0', { kind: 'scsi_host', host: 0 }),
  device('scsi_host1', 'pci_0000_00_1c_0', { kind: 'scsi_host', host: 1 }),
  device('scsi_target0_0_0', 'scsi_host0', { kind: 'scsi_target', target: 'target0:0:0' }),
  device('scsi_0_0_0_0', 'scsi_target0_0_0', { kind: 'scsi', host: 0, bus: 0, target: 0, lun: 0 }),
  device('block_sda', 'scsi_0_0_0_0', { kind: 'storage', block: '/dev/sda', serial: 'HTS721010G9SA00_MPCZ12Y0' }),
  device('block_sr0', 'scsi_0_0_0_0', { kind: 'storage', block: '/dev/sr0', model: 'DVDRAM GSA-U10N' }),
  device('drm_card0', 'pci_0000_00_1f_0', { kind: 'drm', type: 'primary' }),
]

const found = (key: string) => halCandidates(host, key).map(({ name }) => name)

describe('halCandidates', () => {
  it.each([
    ['/org/freedesktop/Hal/devices/computer', ['computer']],
    ['/org/freedesktop/Hal/devices/pci_8086_27da', ['pci_0000_00_1f_0']],
    ['pci_8086_27da', ['pci_0000_00_1f_0']],
    ['pci_8086_4227', ['pci_0000_00_1d_0', 'pci_0000_00_1e_0']],
    ['pci_8086_4227_0', ['pci_0000_00_1d_0', 'pci_0000_00_1e_0']],
    ['usb_device_483_2016_noserial', ['usb_1_1']],
    ['usb_device_781_5567_0401_08', ['usb_1_2']],
    ['usb_device_781_5567_other', []],
    ['usb_device_781_5567_0401_08_if0', ['usb_1_2_1_0']],
    ['usb_device_1d6b_2_0000_00_1d_3', ['usb_usb1']],
    ['usb_device_0_0_0000_00_1d_3', ['usb_usb1']],
    ['net_00_13_02_b9_f9_d3', ['net_wlan0']],
    ['net_00_13_02_b9_f9_d3_0', ['net_wlan0']],
    ['net_computer_loopback', ['net_lo']],
    ['pci_8086_27c5_scsi_host', ['scsi_host0', 'scsi_host1']],
    ['pci_8086_27c5_scsi_host_0', ['scsi_host0', 'scsi_host1']],
    ['pci_8086_27c5_scsi_host_0_scsi_device_lun0', ['scsi_0_0_0_0']],
    ['storage_serial_SATA_HTS721010G9SA00_MPCZ12Y0', ['block_sda']],
    ['storage_model_DVDRAM_GSA_U10N', ['block_sr0']],
    ['pci_8086_27da_drm', []],
    ['pci_8086_27da.*', []],
    ['', []],
  ])('finds what HAL called %s', (key, names) => {
    expect(found(key)).toEqual(names)
  })

  it('takes expressions in names for nothing but letters', () => {
    const [odd] = [device('odd', undefined, { kind: 'storage', block: '/dev/a', serial: '(.*)+$' })]
    expect(halCandidates([odd as NodeDeviceDef], 'storage_serial_anything')).toEqual([])
  })

  it('ends where devices are their own parents', () => {
    const circle = [device('a', 'b', { kind: 'usb', number: 0, class: 0, subclass: 0, protocol: 0 })]
    circle.push(device('b', 'a', { kind: 'usb', number: 1, class: 0, subclass: 0, protocol: 0 }))
    expect(halCandidates(circle, 'computer_if0')).toEqual([])
  })
})

describe('isHalKey', () => {
  it.each([
    ['/org/freedesktop/Hal/devices/computer', true],
    ['pci_8086_27da', true],
    ['/sys/devices/pci0000:00', false],
  ])("tells HAL's keys from paths: %s", (key, is) => {
    expect(isHalKey(key)).toBe(is)
  })
})
