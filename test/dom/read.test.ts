import { describe, expect, it } from 'vitest'
import { create } from 'xmlbuilder2'
import { childrenOf, type DomElement, type DomNode } from '../../src/dom/dom-node.js'
import { parseDom } from '../../src/dom/parse-dom.js'
import { readHostdev, readInterface, readNodeDevice } from '../../src/dom/read.js'
import { nodeDevice } from '../../src/model/node-device.js'
import { smallHost } from '../data/small-host.js'
import { ownDocuments } from './domain-documents.js'

const dom = (xml: string) => parseDom(xml).documentElement as DomElement
/** Another implementation of the DOM than xmldom. */
const other = (xml: string) => create(xml).root().node as unknown as DomElement

describe.each([
  ['xmldom', dom],
  ["xmlbuilder2's DOM", other],
])('an element of %s', (_, parse) => {
  it('is read as a hostdev', () => {
    expect(readHostdev(parse(ownDocuments[1] ?? ''))).toEqual({
      kind: 'usb',
      managed: false,
      source: { startupPolicy: 'optional', vendor: 0x0483, product: 0x2016 },
    })
  })

  it('is read as a hostdev of a dialect', () => {
    const xml = `<hostdev mode='bus' bus='usb'><source><address bus='003' dev='010'/></source></hostdev>`
    expect(readHostdev(parse(xml))).toMatchObject({ kind: 'usb', source: { address: { bus: 3, device: 10 } } })
  })

  it('is read as an interface', () => {
    expect(readInterface(parse(ownDocuments[7] ?? ''))).toMatchObject({ kind: 'hostdev', vlan: { tags: [{ id: 42 }] } })
  })

  it('is read as a node device', () => {
    for (const xml of smallHost) expect(readNodeDevice(parse(xml))).toEqual(nodeDevice.parse(xml))
  })

  it('has text that comments and CDATA divide', () => {
    const xml = `<hostdev mode='capabilities' type='net'><source><interface>a<!-- no -->b<![CDATA[c]]></interface></source></hostdev>`
    expect(readHostdev(parse(xml))).toEqual({ kind: 'net', source: { interface: 'abc' } })
  })
})

describe('readHostdev', () => {
  it('names where in its document an element is wrong, and the line', () => {
    const document = dom(`<domain type='kvm'>\n<devices><hostdev/>\n<hostdev type='usb'/></devices></domain>`)
    const [, devices] = childrenOf<DomNode>(document)
    const [, , second] = childrenOf(devices as DomNode)
    expect(() => readHostdev(second as DomElement)).toThrow(
      expect.objectContaining({
        message: `/domain[@type='kvm']/devices/hostdev[@type='usb']/source is missing`,
        details: { path: `/domain[@type='kvm']/devices/hostdev[@type='usb']/source`, line: 3 },
      }),
    )
  })

  it('refuses an element of another name', () => {
    expect(() => readHostdev(dom('<disk/>'))).toThrow('/disk is no hostdev')
    expect(() => readInterface(dom('<disk/>'))).toThrow('/disk is not the root of such a document')
  })

  it('refuses a tree that is too deep', () => {
    const xml = `<hostdev type='new'>${'<a>'.repeat(300)}${'</a>'.repeat(300)}</hostdev>`
    const element = parseDom(xml, { depth: 1000 }).documentElement as DomElement
    expect(() => readHostdev(element)).toThrow(expect.objectContaining({ code: 'limit-exceeded' }))
  })
})
