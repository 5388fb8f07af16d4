import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  readXlController,
  readXlDevice,
  writeXlController,
  writeXlDevice,
  type XlDevice,
} from '../../src/formats/xl-hostdev.js'
import type { HostdevDef } from '../../src/model/hostdev.js'
import type { UsbControllerDef } from '../../src/model/usb-controller.js'

const address = { domain: 0, bus: 1, slot: 0, function: 0 }
const pci: HostdevDef = { kind: 'pci', managed: false, driver: { name: 'xen' }, source: { address } }
const usb: HostdevDef = { kind: 'usb', managed: false, source: { address: { bus: 1, device: 6 } } }

const pairs: [XlDevice, HostdevDef][] = [
  [{ key: 'pci', text: '0000:01:00.0' }, pci],
  [
    { key: 'pci', text: '0000:01:00.0,permissive=1' },
    { ...pci, source: { address, writeFiltering: false } },
  ],
  [
    { key: 'pci', text: '0000:01:00.0,permissive=0' },
    { ...pci, source: { address, writeFiltering: true } },
  ],
  [
    { key: 'pci', text: '0000:01:00.0,seize=1' },
    { ...pci, managed: true },
  ],
  [
    { key: 'pci', text: '0000:01:00.0@1f' },
    { ...pci, address: { kind: 'pci', domain: 0, bus: 0, slot: 31, function: 0 } },
  ],
  [{ key: 'usbdev', text: 'hostbus=1,hostaddr=6' }, usb],
  [
    { key: 'usbdev', text: 'hostbus=1,hostaddr=6,controller=2' },
    { ...usb, address: { kind: 'usb', bus: 2 } },
  ],
  [
    { key: 'usbdev', text: 'hostbus=1,hostaddr=6,controller=0,port=1' },
    { ...usb, address: { kind: 'usb', bus: 0, port: '1' } },
  ],
]

describe('readXlDevice', () => {
  it.each(pairs)('reads %j', (device, def) => {
    expect(readXlDevice(device)).toEqual(def)
  })

  it.each<[string, HostdevDef | undefined]>([
    ['host:003.001', { kind: 'usb', managed: false, source: { address: { bus: 3, device: 1 } } }],
    ['host:0483:2016', { kind: 'usb', managed: false, source: { vendor: 0x0483, product: 0x2016 } }],
    ['tablet', undefined],
  ])('reads the usbdevice %s', (text, def) => {
    expect(readXlDevice({ key: 'usbdevice', text })).toEqual(def)
  })

  it.each(['msitranslate=1', 'power_mgmt=1', 'rdm_policy=strict'])(
    'leaves out %s, which a hostdev has no place for, and refuses it when strict',
    (option) => {
      const device: XlDevice = { key: 'pci', text: `01:00.0,${option}` }
      expect(readXlDevice(device)).toEqual(pci)
      expect(() => readXlDevice(device, { strict: true })).toThrow('cannot say')
    },
  )

  it.each(['name=nic', '01:00.*'])('refuses %s, which is no one device', (text) => {
    expect(() => readXlDevice({ key: 'pci', text })).toThrow(expect.objectContaining({ code: 'config-unsupported' }))
  })
})

describe('writeXlDevice', () => {
  it.each(pairs)('writes %j', (device, def) => {
    expect(writeXlDevice(def)).toEqual(device)
  })

  it('leaves out an alias that libvirt has made up', () => {
    expect(writeXlDevice({ ...usb, alias: 'hostdev0' }).text).toBe('hostbus=1,hostaddr=6')
  })

  it.each<[string, HostdevDef]>([
    ['driver.name', { ...pci, driver: { name: 'vfio' } }],
    ['boot', { ...pci, boot: { order: 1 } }],
    ['rom', { ...pci, rom: { bar: false } }],
    ['alias', { ...pci, alias: 'ua-nic' }],
    ['address.bus', { ...pci, address: { kind: 'pci', domain: 0, bus: 1, slot: 3, function: 0 } }],
    ['address', { ...pci, address: { kind: 'unassigned' } }],
    ['address.domain', { ...pci, source: { address: { ...address, domain: 0x10000 } } }],
    ['managed', { ...usb, managed: true }],
    ['source.vendor', { ...usb, source: { vendor: 1, product: 2, address: { bus: 1, device: 6 } } }],
    ['source.startupPolicy', { ...usb, source: { startupPolicy: 'optional', address: { bus: 1, device: 6 } } }],
    ['port', { ...usb, address: { kind: 'usb', bus: 0, port: '1.2' } }],
    ['hostbus=300', { ...usb, source: { address: { bus: 300, device: 6 } } }],
    ['bus and device number', { ...usb, source: { vendor: 1, product: 2 } }],
    ['it knows PCI and USB', { kind: 'net', source: { interface: 'eth0' } }],
  ])('refuses by name what xl has no words for: %s', (what, def) => {
    const writing = () => writeXlDevice(def)
    expect(writing).toThrow(expect.objectContaining({ code: 'config-unsupported' }))
    if (what !== 'address.domain' && what !== 'port') expect(writing).toThrow(what)
  })

  it('writes what is read as the same', () => {
    const defs = fc.oneof(
      fc
        .record({
          managed: fc.boolean(),
          address: fc.record({
            domain: fc.nat(0xffff),
            bus: fc.nat(0xff),
            slot: fc.nat(0x1f),
            function: fc.nat(7),
          }),
          writeFiltering: fc.option(fc.boolean(), { nil: undefined }),
          slot: fc.nat(0x1f),
        })
        .map(
          ({ managed, slot, writeFiltering, address }): HostdevDef => ({
            kind: 'pci',
            managed,
            driver: { name: 'xen' },
            source: { address, ...(writeFiltering !== undefined && { writeFiltering }) },
            ...(slot > 0 && { address: { kind: 'pci', domain: 0, bus: 0, slot, function: 0 } }),
          }),
        ),
      fc
        .record({ bus: fc.integer({ min: 1, max: 255 }), device: fc.integer({ min: 1, max: 255 }), port: fc.nat(31) })
        .map(
          ({ bus, device, port }): HostdevDef => ({
            kind: 'usb',
            managed: false,
            source: { address: { bus, device } },
            ...(port > 0 && { address: { kind: 'usb', bus: 0, port: String(port) } }),
          }),
        ),
    )
    fc.assert(
      fc.property(defs, (def) => {
        expect(readXlDevice(writeXlDevice(def))).toEqual(def)
      }),
    )
  })
})

describe('USB controllers in xl', () => {
  it.each<[string, UsbControllerDef]>([
    ['', { index: 3 }],
    ['version=2,ports=8', { index: 3, version: 2, ports: 8 }],
    ['type=qusb,version=1', { index: 3, type: 'qusb', version: 1 }],
    ['type=devicemodel,version=3', { index: 3, type: 'devicemodel', version: 3, model: 'nec-xhci' }],
  ])('are read and written as %j', (text, def) => {
    expect(readXlController(text, 3)).toEqual(def)
    expect(writeXlController(def, 3)).toBe(text)
  })

  it.each<[string, UsbControllerDef]>([
    ['model qemu-xhci', { type: 'devicemodel', version: 3, model: 'qemu-xhci' }],
    ['index 1', { index: 1, type: 'pv' }],
    ['alias ua-usb', { alias: 'ua-usb' }],
  ])('are refused by name: %s', (what, def) => {
    expect(() => writeXlController(def, 0)).toThrow(what)
  })
})
