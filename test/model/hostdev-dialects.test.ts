import { describe, expect, it } from 'vitest'
import type { HostdevDef } from '../../src/model/hostdev.js'
import { formatHostdev, type HostdevDialectName, parseHostdev } from '../../src/model/hostdev-dialects.js'
import type { Finding } from '../../src/xml/codec.js'

describe.each<[dialect: HostdevDialectName, what: string, def: HostdevDef, xml: string]>([
  [
    'host-2007',
    'a USB device by address',
    { kind: 'usb', managed: false, source: { address: { bus: 3, device: 1 } } },
    `<host bus='usb'>\n  <source device='003.001'/>\n</host>\n`,
  ],
  [
    'host-2007',
    'a USB device with its address in the guest',
    {
      kind: 'usb',
      managed: false,
      source: { address: { bus: 3, device: 1 } },
      address: { kind: 'usb', bus: 1, port: '5' },
    },
    `<host bus='usb'>\n  <source dev='003.001'/>\n  <target dev='001.005'/>\n</host>\n`,
  ],
  [
    'host-2007',
    'a USB device by vendor and product',
    {
      kind: 'usb',
      managed: false,
      source: { vendor: 0x0483, product: 0x2016 },
      address: { kind: 'usb', bus: 1, port: '5' },
    },
    `<host bus='usb'>\n  <source vendor='0483' product='2016'/>\n  <target dev='001.005'/>\n</host>\n`,
  ],
  [
    'host-2007',
    'a PCI device',
    { kind: 'pci', managed: false, source: { address: { domain: 0, bus: 0, slot: 0x1f, function: 3 } } },
    `<host bus='pci'>\n  <source dev='00:1f.3'/>\n</host>\n`,
  ],
  [
    'patch-2008',
    'a USB device by vendor and product',
    { kind: 'usb', managed: false, source: { vendor: 0x0204, product: 0x6025 } },
    `<hostdev type='usb' vendor='0204' product='6025'/>\n`,
  ],
  [
    'patch-2008',
    'a USB device by address',
    { kind: 'usb', managed: false, source: { address: { bus: 1, device: 7 } } },
    `<hostdev type='usb' bus='001' device='007'/>\n`,
  ],
  [
    'proposal-2008',
    'a USB device by ids, taken as they stand though the mail swaps them',
    { kind: 'usb', managed: false, source: { product: 1155, vendor: 8214 } },
    `<hostdev mode='bus' bus='usb'>\n  <source>\n    <product id='1155'/>\n    <vendor id='8214'/>\n  </source>\n</hostdev>\n`,
  ],
  [
    'proposal-2008',
    'a USB device by address',
    { kind: 'usb', managed: false, source: { address: { bus: 3, device: 5 } } },
    `<hostdev mode='bus' bus='usb'>\n  <source>\n    <address bus='003' dev='005'/>\n  </source>\n</hostdev>\n`,
  ],
  [
    'proposal-2008',
    'a PCI device, whose slot 16 is hexadecimal',
    { kind: 'pci', managed: false, source: { address: { domain: 0, bus: 0, slot: 0x16, function: 3 } } },
    `<hostdev mode='bus' bus='pci'>\n  <source>\n    <address domain='0000' bus='00' slot='16' function='3'/>\n  </source>\n</hostdev>\n`,
  ],
  [
    'proposal-2008',
    'a PCI device with its address in the guest',
    {
      kind: 'pci',
      managed: false,
      source: { address: { domain: 1, bus: 0xff, slot: 0x1f, function: 0 } },
      address: { kind: 'pci', domain: 0, bus: 0, slot: 4, function: 1 },
    },
    `<hostdev mode='bus' bus='pci'>\n  <source>\n    <address domain='0001' bus='ff' slot='1f' function='0'/>\n  </source>\n  <target address='00:04.1'/>\n</hostdev>\n`,
  ],
  [
    'proposal-2008',
    'a net device',
    { kind: 'net', source: { interface: 'eth0' } },
    `<hostdev mode='capability'>\n  <source name='eth0'/>\n</hostdev>\n`,
  ],
  [
    'proposal-2008',
    'a SCSI device by name',
    {
      kind: 'scsi',
      managed: false,
      source: { kind: 'generic', name: 'sg3' },
      address: { kind: 'drive', controller: 0, bus: 0, target: 0, unit: 0 },
    },
    `<hostdev mode='capability' type='scsi'>\n  <source name='sg3'/>\n  <target address='0:0:0:0'/>\n</hostdev>\n`,
  ],
  [
    'proposal-2008',
    'a block device',
    { kind: 'storage', source: { block: '/dev/sdf1' } },
    `<hostdev mode='capability' type='storage'>\n  <source name='sdf1'/>\n</hostdev>\n`,
  ],
])('%s: %s', (dialect, _, def, xml) => {
  it('is written', () => {
    expect(formatHostdev(def, { dialect })).toBe(xml)
  })

  it('is told from the other dialects and read', () => {
    expect(parseHostdev(xml)).toEqual(def)
  })
})

describe('the one example of 2007 that is not well-formed', () => {
  const xml = `<host bus='usb'>\n  <source vendor='0483' product='2016'>\n</host>\n`

  it('is read with a warning', () => {
    const warnings: Finding[] = []
    const def = parseHostdev(xml, { onWarning: (warning) => warnings.push(warning) })
    expect(def).toEqual({ kind: 'usb', managed: false, source: { vendor: 0x0483, product: 0x2016 } })
    expect(warnings).toEqual([{ path: '/host/source', line: 2, problem: 'was left open; close it with />' }])
  })

  it.each([
    ['in strict reading', xml, true],
    ['with anything else wrong', xml.replace('</host>', '</hots>'), false],
    ['in another dialect', xml.replace(/host /, 'hostdev ').replace('</host>', '</hostdev>'), false],
  ])('is refused %s', (_, text, strict) => {
    expect(() => parseHostdev(text, { strict })).toThrow('not well-formed')
  })
})

describe('what a dialect cannot say', () => {
  const usb: HostdevDef = { kind: 'usb', managed: false, source: { vendor: 1, product: 2 } }

  it.each<[HostdevDialectName, HostdevDef, string]>([
    [
      'host-2007',
      { ...usb, boot: { order: 1 }, alias: 'ua-a' },
      'the hostdev has boot, alias, which the form host-2007',
    ],
    ['host-2007', { ...usb, managed: true }, 'has managed,'],
    ['host-2007', { kind: 'net', source: { interface: 'eth0' } }, 'has kind net,'],
    ['host-2007', { ...usb, address: { kind: 'usb', bus: 0, port: '1.2' } }, 'has address,'],
    ['proposal-2008', { ...usb, address: { kind: 'usb', bus: 0 } }, 'has address,'],
    ['proposal-2008', { ...usb, source: { ...usb.source, guestReset: 'off' } }, 'has source.guestReset,'],
    ['patch-2008', { ...usb, source: { address: { bus: 1, port: '1.2' } } }, 'has source.address,'],
    ['libvirt', { kind: 'scsi', source: { kind: 'generic', name: 'sg3' } }, 'is known as sg3 only'],
  ])('%s is refused by name', (dialect, def, message) => {
    expect(() => formatHostdev(def, { dialect })).toThrow(message)
  })

  it.each([
    [`<host bus='usb'><source/></host>`, 'names no device'],
    [`<host bus='usb'><source device='3.x'/></host>`, "is '3.x', which is not a bus and a device like 003.001"],
    [`<host bus='isa'><source/></host>`, 'is of no kind that host-2007 has'],
    [`<hostdev mode='bus' bus='usb'><source><vendor id='0x10'/></source></hostdev>`, 'which is not a decimal number'],
    [`<hostdev type='pci' bus='001' device='007'/>`, "/@type is not 'usb'"],
    [`<device/>`, '/device is no hostdev'],
  ])('%s is refused when read', (xml, message) => {
    expect(() => parseHostdev(xml)).toThrow(message)
  })
})
