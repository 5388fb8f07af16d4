import { describe, expect, it } from 'vitest'
import { DomainDocument } from '../../src/dom/domain-document.js'
import type { HostdevDef } from '../../src/model/hostdev.js'

const usb = (bus: number, device: number, alias?: string): HostdevDef => ({
  kind: 'usb',
  managed: false,
  source: { address: { bus, device } },
  ...(alias !== undefined && { alias }),
})

const stick = `<hostdev mode='subsystem' type='usb' managed='no'>
      <source>
        <address bus='1' device='2'/>
      </source>
    </hostdev>`

const domain = (devices: string) => `<domain type='kvm'>
  <name>guest</name>
  <devices>${devices}
  </devices>
</domain>
`

describe('DomainDocument', () => {
  it('lists host devices and interfaces that are devices of the host, with their elements', () => {
    const document = DomainDocument.parse(`<domain><metadata><hostdev/></metadata><devices>
      <interface type='network'><source network='default'/></interface>
      <hostdev mode='subsystem' type='usb'><source><address bus='1' device='2'/></source></hostdev>
      <interface type='hostdev'><source><address type='pci' bus='3'/></source></interface>
      <interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>
    </devices></domain>`)
    expect(document.hostdevs().map(({ def, element }) => [def.kind, element.nodeName, element.lineNumber])).toEqual([
      ['usb', 'hostdev', 3],
      ['hostdev', 'interface', 4],
      ['vdpa', 'interface', 5],
    ])
    expect(document.hostdevs()[0]?.def).toEqual(usb(1, 2))
  })

  it.each([
    ['among no devices', domain('\n    <disk/>'), domain(`\n    <disk/>\n    ${stick}`)],
    ['after its like', domain('\n    <hostdev/>\n    <disk/>'), domain(`\n    <hostdev/>\n    ${stick}\n    <disk/>`)],
    ['after a remark', domain('\n    <hostdev/> <!-- a -->'), domain(`\n    <hostdev/> <!-- a -->\n    ${stick}`)],
    ['at the end, after a remark', domain('\n    <!-- a -->'), domain(`\n    <!-- a -->\n    ${stick}`)],
    ['into empty devices', domain('').replace(/<devices>\s*<.devices>/, '<devices/>'), domain(`\n    ${stick}`)],
    ['without devices', domain('').replace(/\s*<devices>\s*<.devices>/, ''), domain(`\n    ${stick}`)],
    [
      'on one line',
      '<domain><devices/></domain>',
      `<domain><devices>${stick.replace(/\n\s*/g, '')}</devices></domain>\n`,
    ],
  ])('adds a device %s', (_, before, after) => {
    const document = DomainDocument.parse(before)
    document.add(usb(1, 2))
    expect(document.toString()).toBe(after)
  })

  it('adds a device as far in as the others are', () => {
    const document = DomainDocument.parse('<domain>\n\t<devices>\n\t\t<disk/>\n\t</devices>\n</domain>')
    document.add({ kind: 'net', source: { interface: 'eth0' } })
    expect(document.toString()).toContain(`
\t\t<hostdev mode='capabilities' type='net'>
\t\t\t<source>
\t\t\t\t<interface>eth0</interface>
\t\t\t</source>
\t\t</hostdev>
\t</devices>`)
  })

  it('keeps blanks and line breaks in a value that it adds', () => {
    const document = DomainDocument.parse(domain(''))
    const def: HostdevDef = { kind: 'misc', source: { char: '/dev/a\n  b ' } }
    document.add(def)
    expect(DomainDocument.parse(document.toString()).hostdevs()[0]?.def).toEqual(def)
  })

  it('writes a prefix of a kept element as the namespace it stands for', () => {
    const document = DomainDocument.parse(`<domain xmlns:q='urn:q'><devices/></domain>`)
    const xml = { name: 'hostdev', attributes: { type: 'new' }, content: [{ name: 'q:bit' }] }
    document.add({ kind: 'other', type: 'new', xml })
    expect(document.select('//q:bit').map((element) => element.namespaceURI)).toEqual(['urn:q'])
  })

  it.each<[string, (document: DomainDocument) => Parameters<DomainDocument['remove']>[0]]>([
    ['alias', () => 'ua-two'],
    ['element', (document) => document.hostdevs()[1]?.element as never],
    ['def', () => usb(1, 2)],
    ['def from the list', (document) => document.hostdevs()[1]?.def as never],
  ])('removes a device by its %s', (_, which) => {
    const document = DomainDocument.parse(domain(''))
    document.add(usb(1, 1, 'ua-one'))
    const rest = document.toString()
    document.add(usb(1, 2, 'ua-two'))
    document.remove(which(document))
    expect(document.toString()).toBe(rest)
  })

  it('tells devices of one def apart by the alias that the def has', () => {
    const document = DomainDocument.parse(domain(''))
    document.add(usb(1, 2, 'ua-one'))
    document.add(usb(1, 2, 'ua-two'))
    document.remove(usb(1, 2, 'ua-one'))
    expect(document.hostdevs().map(({ def }) => def)).toEqual([usb(1, 2, 'ua-two')])
  })

  it('puts a device in the place of another', () => {
    const document = DomainDocument.parse(domain(`\n    ${stick}\n    <disk/>`))
    document.replace(usb(1, 2), usb(7, 8))
    expect(document.toString()).toBe(
      domain(`\n    ${stick.replace("bus='1' device='2'", "bus='7' device='8'")}\n    <disk/>`),
    )
  })

  it.each<[string, string, (document: DomainDocument) => unknown]>([
    ['an alias that is not there', 'device-missing', (document) => document.remove('ua-none')],
    ['a def that is not there', 'device-missing', (document) => document.remove(usb(9, 9))],
    [
      'an element of another document',
      'device-missing',
      (document) => document.remove(document.add(usb(9, 9)).cloneNode(true) as never),
    ],
    [
      'an element that is no host device',
      'device-missing',
      (document) => document.remove(document.select('//name')[0] as never),
    ],
    ['a def that is there twice', 'ambiguous', (document) => [document.add(usb(1, 2)), document.remove(usb(1, 2))]],
    ['an alias that is taken', 'operation-invalid', (document) => document.add(usb(3, 4, 'disk0'))],
  ])('refuses %s', (_, code, change) => {
    const document = DomainDocument.parse(domain(`\n    <disk><alias name='disk0'/></disk>\n    ${stick}`))
    expect(() => change(document)).toThrow(expect.objectContaining({ code }))
  })

  it('lets a device that is replaced leave its alias to the new one', () => {
    const document = DomainDocument.parse(domain(''))
    document.add(usb(1, 2, 'ua-stick'))
    document.replace('ua-stick', usb(1, 3, 'ua-stick'))
    expect(document.hostdevs().map(({ def }) => def)).toEqual([usb(1, 3, 'ua-stick')])
  })

  it('names the place of a device that cannot be read', () => {
    const document = DomainDocument.parse(domain(`\n    ${stick}\n    <hostdev mode='subsystem'/>`))
    expect(() => document.hostdevs()).toThrow("/domain[@type='kvm']/devices/hostdev[2]/@type is missing")
  })

  it.each(['<network/>', `<domain xmlns='urn:x'/>`, '<x:domain xmlns:x="urn:x"/>'])('refuses %s', (xml) => {
    expect(() => DomainDocument.parse(xml)).toThrow(expect.objectContaining({ code: 'xml-invalid' }))
  })

  it('selects with the prefixes that the root declares, or others', () => {
    const document = DomainDocument.parse(`<domain xmlns:qemu='urn:q'><qemu:arg value='a'/></domain>`)
    expect(document.select('//qemu:arg/@value').map(({ nodeValue }) => nodeValue)).toEqual(['a'])
    expect(document.select('//q:arg', { q: 'urn:q' })).toHaveLength(1)
    expect(document.evaluate('count(//qemu:arg)')).toBe(1)
  })
})
