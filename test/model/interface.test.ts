import { describe, expect, it } from 'vitest'
import { guestInterface } from '../../src/model/interface.js'

const network = (inside: string) =>
  `<interface type='hostdev'><source><address type='pci' bus='0x03' slot='0x07' function='0x1'/></source>${inside}</interface>`

it('refuses a virtual port of a vDPA device, as libvirt does', () => {
  const port = `<virtualport type='802.1Qbh'><parameters profileid='x'/></virtualport>`
  const xml = `<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/>${port}</interface>`
  expect(() => guestInterface.parse(xml)).toThrow('has a virtualport, which is for a hostdev or a bridge')
})

describe('the schema of an interface', () => {
  it.each([
    `<virtualport type='802.1Qbg'/>`,
    `<virtualport type='802.1Qbh'><parameters/></virtualport>`,
    `<virtualport><parameters managerid='11' interfaceid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f'/></virtualport>`,
    `<vlan trunk=' yes '><tag id='42'/></vlan>`,
    `<bandwidth classID='3'><inbound floor='1'/><outbound/></bandwidth>`,
    `<target dev='t' managed='no'/>`,
    `<driver queues='4' txmode='timer'/>`,
  ])('admits %s', (inside) => {
    expect(guestInterface.validate(network(inside))).toEqual([])
  })

  it.each([
    [`<virtualport type='midonet'/>`, '/parameters'],
    [`<virtualport><parameters managerid='256'/></virtualport>`, '/virtualport/parameters/@managerid'],
    ['<vlan/>', '/vlan/tag'],
    ['<mac/>', '/mac/@address'],
    [`<driver queues='0'/>`, '/driver/@queues'],
    [`<backend tap='relative'/>`, '/backend/@tap'],
  ])('refuses %s', (inside, path) => {
    expect(guestInterface.validate(network(inside)).map((finding) => finding.path)).toEqual([
      expect.stringContaining(path),
    ])
  })
})
