import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type NodeDeviceDef, nodeDevice } from '../../src/model/node-device.js'
import { formatNodeDevice, nodeDeviceDialects, parseNodeDevice } from '../../src/model/node-device-dialects.js'
import { shared } from '../shared.js'

const hal = '/org/freedesktop/Hal/devices'

const examples: [what: string, def: NodeDeviceDef, xml: string][] = [
  [
    'a PCI device',
    {
      name: 'pci_8086_27da',
      parent: 'computer',
      capabilities: [
        {
          kind: 'pci',
          domain: 0,
          bus: 0,
          slot: 0x1f,
          function: 3,
          product: { id: 0x27da, name: 'SMBus Controller' },
          vendor: { id: 0x8086, name: 'Intel Corporation' },
        },
      ],
    },
    `<device>
  <name>pci_8086_27da</name>
  <key>${hal}/pci_8086_27da</key>
  <parent>${hal}/computer</parent>
  <bus type='pci'>
    <vendor id='32902'>Intel Corporation</vendor>
    <product id='10202'>SMBus Controller</product>
    <address domain='0000' bus='00' slot='1f' function='3'/>
  </bus>
</device>
`,
  ],
  [
    'a USB device without names',
    {
      name: 'usb_device_483_2016_noserial',
      capabilities: [{ kind: 'usb_device', bus: 3, device: 5, product: { id: 0x2016 }, vendor: { id: 0x0483 } }],
    },
    `<device>
  <name>usb_device_483_2016_noserial</name>
  <key>${hal}/usb_device_483_2016_noserial</key>
  <bus type='usb'>
    <vendor id='1155'/>
    <product id='8214'/>
    <address bus='003' dev='005'/>
  </bus>
</device>
`,
  ],
  [
    'a wireless interface',
    {
      name: 'net_00_13_02_b9_f9_d3_0',
      parent: 'pci_8086_4227',
      capabilities: [{ kind: 'net', interface: 'eth0', address: '00:13:02:b9:f9:d3', subtype: '80211' }],
    },
    `<device>
  <name>net_00_13_02_b9_f9_d3_0</name>
  <key>${hal}/net_00_13_02_b9_f9_d3_0</key>
  <parent>${hal}/pci_8086_4227</parent>
  <capability type='net'>
    <hwaddr>00:13:02:b9:f9:d3</hwaddr>
    <name>eth0</name>
    <capability type='80211'/>
  </capability>
</device>
`,
  ],
  [
    'a Fibre Channel adapter',
    {
      name: 'pci_1077_2422_scsi_host',
      capabilities: [
        {
          kind: 'scsi_host',
          host: 0,
          fcHost: { wwnn: '023432532532632', wwpn: '32453253252352' },
          vportOps: { maxVports: 4, vports: 0 },
        },
      ],
    },
    `<device>
  <name>pci_1077_2422_scsi_host</name>
  <key>${hal}/pci_1077_2422_scsi_host</key>
  <capability type='scsihost'>
    <capability type='fc'>
      <address wwnn='023432532532632' wwpn='32453253252352'/>
      <vports max='4'/>
    </capability>
  </capability>
</device>
`,
  ],
  [
    'hardware that is also something else, with its folder as key',
    {
      name: 'pci_0000_03_00_0',
      path: '/sys/devices/pci0000:00/0000:03:00.0',
      capabilities: [
        { kind: 'pci', domain: 0, bus: 3, slot: 0, function: 0, product: { id: 1 }, vendor: { id: 0x10de } },
        { kind: 'net', interface: 'eth0' },
        { kind: 'other', type: 'sound', xml: { name: 'capability', attributes: { type: 'sound' } } },
      ],
    },
    `<device>
  <name>pci_0000_03_00_0</name>
  <key>/sys/devices/pci0000:00/0000:03:00.0</key>
  <bus type='pci'>
    <vendor id='4318'/>
    <product id='1'/>
    <address domain='0000' bus='03' slot='00' function='0'/>
  </bus>
  <capability type='net'>
    <name>eth0</name>
  </capability>
  <capability type='sound'/>
</device>
`,
  ],
]

describe.each(examples)('the proposal of 2008, for %s', (_, def, xml) => {
  it('is read without being told', () => {
    expect(parseNodeDevice(xml)).toEqual(def)
  })

  it('is written', () => {
    expect(formatNodeDevice(def, { dialect: 'proposal-2008' })).toBe(xml)
  })
})

describe('a node device', () => {
  const pci: NodeDeviceDef = examples[0]?.[1] as NodeDeviceDef

  it("is turned into libvirt's words", () => {
    expect(formatNodeDevice(pci)).toBe(`<device>
  <name>pci_8086_27da</name>
  <parent>computer</parent>
  <capability type='pci'>
    <domain>0</domain>
    <bus>0</bus>
    <slot>31</slot>
    <function>3</function>
    <product id='0x27da'>SMBus Controller</product>
    <vendor id='0x8086'>Intel Corporation</vendor>
  </capability>
</device>
`)
  })

  it("in libvirt's words is read as such", () => {
    const xml = formatNodeDevice(pci)
    expect(parseNodeDevice(xml)).toEqual(nodeDevice.parse(xml))
  })

  it.each<[string, Partial<NodeDeviceDef>]>([
    ['driver', { driver: 'e1000e' }],
    ['devnode, devlinks', { devnode: '/dev/a', devlinks: ['/dev/b'] }],
    ['capabilities.0.class', { capabilities: [{ ...pci.capabilities[0], class: 0x20000 } as never] }],
    ['capabilities.0', { capabilities: [{ kind: 'drm', type: 'render' }] }],
    ['capabilities.0.host', { capabilities: [{ kind: 'scsi_host', host: 5 }] }],
    ['capabilities.0.fcHost', { capabilities: [{ kind: 'scsi_host', host: 0, fcHost: { wwnn: '1' } }] }],
    ['capabilities.0.link', { capabilities: [{ kind: 'net', interface: 'a', link: { state: 'up' } }] }],
  ])('is refused by the proposal for its %s', (what, more) => {
    expect(() => formatNodeDevice({ ...pci, ...more }, { dialect: 'proposal-2008' })).toThrow(
      expect.objectContaining({
        code: 'config-unsupported',
        message: `the device has ${what}, which the form proposal-2008 cannot say; use libvirt's form`,
      }),
    )
  })

  it.each([
    [
      'a key that is not its own',
      `<key>${hal}/b</key><capability type='net'><name>a</name></capability>`,
      "has the key '/org",
    ],
    ['a bus the proposal does not have', `<bus type='ide'/>`, 'is of no kind that proposal-2008 has'],
    [
      'a PCI address that cannot be',
      `<bus type='pci'><vendor id='1'/><product id='1'/><address domain='0' bus='0' slot='20' function='0'/></bus>`,
      '/@slot is',
    ],
    ['a decimal id that is none', `<bus type='usb'><vendor id='0x1'/></bus>`, 'which is not a decimal number'],
    ['neither bus nor capability', `<key>${hal}/a</key>`, 'is on no bus and has no capability'],
  ])('is refused with %s', (_, inside, problem) => {
    expect(() => parseNodeDevice(`<device><name>a</name>${inside}</device>`)).toThrow(problem)
  })
})

describe.skipIf(!shared)('each example of the mails', () => {
  const folder = `${shared}/seeds/examples`
  const files = shared
    ? readdirSync(folder).filter((file) => file.includes('-device-') && file.startsWith('2008-04'))
    : []

  it.each(files)('%s says the same in every dialect', (file) => {
    const def = parseNodeDevice(readFileSync(`${folder}/${file}`))
    expect(nodeDeviceDialects.map((dialect) => parseNodeDevice(formatNodeDevice(def, { dialect })))).toEqual([def, def])
  })
})
