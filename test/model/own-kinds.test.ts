import { describe, expect, it } from 'vitest'
import { type NodeDeviceDef, nodeDevice } from '../../src/model/node-device.js'

const defs: readonly NodeDeviceDef[] = [
  { name: 'sound_card0', capabilities: [{ kind: 'sound', card: 0, id: 'Intel' }] },
  {
    name: 'input_input3',
    devnode: '/dev/input/event2',
    capabilities: [
      {
        kind: 'input',
        label: 'Mouse',
        uses: ['mouse', 'key'],
        port: 'usb-0000:00:1d.7-1/input0',
        serial: 'A',
        product: { id: 6 },
        vendor: { id: 2, name: 'B' },
      },
    ],
  },
]

describe.each(defs)('a kind that libvirt does not have, $name', (def) => {
  const xml = nodeDevice.format(def)

  it('reads as it was written', () => {
    expect(nodeDevice.parse(xml, { strict: true })).toEqual(def)
  })

  it('is refused when libvirt is to be matched, and is not in its schema', () => {
    expect(() => nodeDevice.parse(xml, { compat: true })).toThrow('which is none of system, pci')
    expect(nodeDevice.validate(xml)).toHaveLength(1)
  })
})

it('what libvirt does not say of its own kinds is left out when libvirt is to be matched', () => {
  const def: NodeDeviceDef = {
    name: 'net_br0',
    capabilities: [{ kind: 'net', interface: 'br0', subtype: '80203', type: 'bridge', lower: ['eth0', 'eth1'] }],
  }
  expect(nodeDevice.parse(nodeDevice.format(def))).toEqual(def)
  expect(nodeDevice.format(def, { compat: true })).not.toMatch(/<type>|<lower>/)
})
