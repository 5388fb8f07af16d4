import { describe, expect, it } from 'vitest'
import { nodeDevice } from '../../src/model/node-device.js'
import { type DeviceSelector, describeSelector, kindsMeant, selectOne } from '../../src/model/selector.js'
import { smallHost } from '../data/small-host.js'

const dongle = (name: string, device: number, serial?: string) =>
  nodeDevice.parse(`<device><name>${name}</name><path>/sys/devices/usb3/3-${device}</path>
<capability type='usb_device'><bus>3</bus><device>${device}</device>${serial ? `<serial>${serial}</serial>` : ''}
<product id='0x6001'>FT232</product><vendor id='0x0403'>FTDI</vendor></capability></device>`)
const defs = [...smallHost.map((xml) => nodeDevice.parse(xml)), dongle('usb_3_4', 4, 'A1'), dongle('usb_3_5', 5)]

describe('selectOne', () => {
  it.each<[DeviceSelector, string]>([
    [{ pci: '00:1f.2' }, 'pci_0000_00_1f_2'],
    [{ vendor: 0x8086, product: 0x2922 }, 'pci_0000_00_1f_2'],
    [{ vendor: 0x0403, serial: 'A1' }, 'usb_3_4'],
    [{ port: '3-5' }, 'usb_3_5'],
    [{ bus: 3, device: 4 }, 'usb_3_4'],
    [{ mac: '52:54:00:AA:BB:CC' }, 'net_eth0_52_54_00_aa_bb_cc'],
    [{ disk: 'ata-DISK_1' }, 'block_sda_DISK_1'],
    [{ serial: 'DISK_1' }, 'block_sda_DISK_1'],
    [{ name: 'computer' }, 'computer'],
  ])('takes %j for %s', (selector, name) => {
    expect(selectOne(defs, selector).name).toBe(name)
  })

  it('lists the candidates when twins are meant', () => {
    expect(() => selectOne(defs, { vendor: 0x0403, product: 0x6001 })).toThrow(
      expect.objectContaining({ code: 'ambiguous', details: { candidates: ['usb_3_4', 'usb_3_5'] } }),
    )
  })

  it('answers no-node-device when nothing is meant', () => {
    expect(() => selectOne(defs, { uuid: 'c' })).toThrow(expect.objectContaining({ code: 'no-node-device' }))
  })

  it.each([{}, { vendor: undefined }, { colour: 'red' }, { pci: 'x' }])('refuses %j', (selector) => {
    expect(() => selectOne(defs, selector as DeviceSelector)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})

describe('kindsMeant', () => {
  it.each<[DeviceSelector, readonly string[] | undefined]>([
    [{ pci: '00:1f.2' }, ['pci']],
    [{ vendor: 1, product: 2 }, ['pci', 'usb_device']],
    [{ vendor: 1, serial: 's' }, ['usb_device']],
    [{ name: 'computer' }, undefined],
    [{ name: 'n', mac: '00:00:00:00:00:00' }, ['net']],
    [{ mac: '00:00:00:00:00:00', uuid: 'u' }, ['net']],
  ])('are, of %j, %j', (selector, kinds) => {
    expect(kindsMeant(selector)).toEqual(kinds)
  })
})

describe('describeSelector', () => {
  it.each<[DeviceSelector, string]>([
    [{ vendor: 0x1d6b, product: 2 }, '1d6b:0002'],
    [{ vendor: 0x1d6b, product: 2, port: '1-1' }, '1d6b:0002 at the USB port "1-1"'],
    [{ product: 2 }, 'with the product id 0002'],
    [{ bus: 1, device: 7 }, 'on USB bus 1 with the USB device number 7'],
    [{ serial: 'a"\u001b' }, 'with the serial number "a\\"\\u001b"'],
    [{ pci: '0000:00:1f.2' }, 'at the PCI address "0000:00:1f.2"'],
  ])('says %j as %s', (selector, said) => {
    expect(describeSelector(selector)).toBe(said)
  })
})
