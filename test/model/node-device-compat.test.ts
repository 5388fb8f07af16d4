import { describe, expect, it } from 'vitest'
import { nodeDevice } from '../../src/model/node-device.js'

const compat = { compat: true }
const pci = (inside: string) => `<device><name>n</name><capability type='pci'>
  <domain>0</domain><bus>0</bus><slot>0</slot><function>0</function><product id='0x1'/><vendor id='0x2'/>${inside}
</capability></device>`
const again = (xml: string) => nodeDevice.format(nodeDevice.parse(xml, compat), compat)

// each as virNodeDeviceDefParse and virNodeDeviceDefFormat of libvirt 9.0 have it
describe('a node device in compat', () => {
  it('has the types of all capabilities of mediated devices', () => {
    const types = (id: string) => `<capability type='mdev_types'>
      <type id='${id}'><deviceAPI>vfio-pci</deviceAPI><availableInstances>1</availableInstances></type>
    </capability>`
    expect(again(pci(types('a') + types('b'))).match(/<type id='.'>/g)).toEqual([`<type id='a'>`, `<type id='b'>`])
  })

  it('has the last of several Fibre Channel ports', () => {
    const port = (wwnn: string) => `<capability type='fc_host'><wwnn>${wwnn}</wwnn><wwpn>2</wwpn></capability>`
    const xml = `<device><name>n</name><capability type='scsi_host'><host>1</host>${port('a')}${port('b')}</capability>
      </device>`
    expect(again(xml).match(/<wwnn>.*/g)).toEqual(['<wwnn>b</wwnn>'])
  })

  it('prints the lanes of a link with a sign', () => {
    const link = `<pci-express><link validity='sta' width='4294967295'/></pci-express>`
    expect(again(pci(link))).toContain(`<link validity='sta' width='-1'/>`)
  })

  it('refuses vital product data that are neither read only nor writable', () => {
    const vpd = `<capability type='vpd'><name>x</name><fields access='nosuch'/></capability>`
    expect(() => again(pci(vpd))).toThrow('fields is not an element libvirt knows here')
  })

  it('refuses vital product data without a name, which it writes all the same', () => {
    const vpd = `<capability type='vpd'><fields access='readonly'/></capability>`
    expect(() => again(pci(vpd))).toThrow("capability[@type='vpd']/name is missing")
    expect(nodeDevice.format(nodeDevice.parse(pci(vpd)))).not.toContain('<name></name>')
  })

  it('keeps fields of vital product data whose index is one byte', () => {
    const field = (index: string) => `<system_field index='${index}'>x</system_field>`
    const vpd = `<capability type='vpd'><name>x</name><fields access='readwrite'>${field('0')}${field('１')}</fields>
      </capability>`
    expect(again(pci(vpd)).match(/index='.*?'/g)).toEqual([`index='0'`])
  })

  it.each([
    ['readonly', 'readOnly', `<serial_number>s</serial_number><vendor_field index='0'></vendor_field>`, 'serialNumber'],
    ['readwrite', 'readWrite', `<asset_tag>s</asset_tag><system_field index='１'>x</system_field>`, 'assetTag'],
  ])('has no member for fields of %s data of which none is kept', (access, member, fields, kept) => {
    const vpd = `<capability type='vpd'><name>x</name><fields access='${access}'>${fields}</fields></capability>`
    const def = nodeDevice.parse(pci(vpd), compat)
    expect(def).toHaveProperty(['capabilities', 0, 'vpd', member], { [kept]: 's' })
  })

  // libvirt 11.3
  it('has a group of channel devices as libvirt prints it, even what is not there', () => {
    const group = (inside: string) => `<device><name>n</name><capability type='ccwgroup'>${inside}
      <cssid>0x0</cssid><ssid>0x0</ssid><devno>0xbd00</devno><members/>
      <members><ccw_device ref='a'>x</ccw_device></members><members><ccw_device ref='b'>y</ccw_device></members>
    </capability></device>`
    const xml = again(
      group('').replace('</capability>', "<capability type='qeth_generic'><chpid>B</chpid></capability></capability>"),
    )
    expect(xml.match(/<(state|ccw_device|card_type|chpid).*/g)).toEqual([
      '<state>online</state>',
      `<ccw_device ref='a'>x</ccw_device>`,
      `<ccw_device ref='b'>y</ccw_device>`,
      '<card_type>(null)</card_type>',
      '<chpid>B</chpid>',
    ])
    expect(again(group('<state>offline</state>'))).toContain('<card_type>(null)</card_type>')
    expect(() => again(group(`<capability type='nosuch'/>`))).toThrow('is not an element libvirt knows here')
  })
})
