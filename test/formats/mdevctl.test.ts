import { describe, expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { type MdevctlCommand, mdevctlCall, mdevctlList, readMdevctlList } from '../../src/formats/mdevctl.js'
import type { NodeDeviceDef } from '../../src/model/node-device.js'

const uuid = '9063cba3-ecef-47b6-abcf-3fef4fdcad85'
const def: NodeDeviceDef = {
  name: 'new device',
  parent: 'pci_0000_00_02_0',
  capabilities: [
    {
      kind: 'mdev',
      type: 'i915-GVTg_V5_4',
      uuid,
      attributes: [
        { name: 'a', value: '1' },
        { name: 'a', value: '"2"' },
      ],
    },
  ],
}
const parents: NodeDeviceDef[] = [
  {
    name: 'pci_0000_00_02_0',
    capabilities: [
      { kind: 'pci', domain: 0, bus: 0, slot: 2, function: 0, product: { id: 1 }, vendor: { id: 0x8086 } },
    ],
  },
  { name: 'css_0_0_0052', capabilities: [{ kind: 'css', cssid: 0, ssid: 0, devno: 0x52 }] },
  { name: 'ap_matrix', capabilities: [{ kind: 'ap_matrix' }] },
  { name: 'computer', capabilities: [] },
]
const json = '{"mdev_type":"i915-GVTg_V5_4","start":"manual","attrs":[{"a":"1"},{"a":"\\"2\\""}]}'

describe('mdevctlCall', () => {
  it.each<[MdevctlCommand, string, string | undefined]>([
    ['create', `mdevctl start --parent=0000:00:02.0 --jsonfile=/dev/stdin --uuid=${uuid}`, json],
    ['define', `mdevctl define --parent=0000:00:02.0 --jsonfile=/dev/stdin --uuid=${uuid}`, json],
    ['start', `mdevctl start --uuid=${uuid}`, undefined],
    ['stop', `mdevctl stop --uuid=${uuid}`, undefined],
    ['undefine', `mdevctl undefine --uuid=${uuid}`, undefined],
    ['modify-both', `mdevctl modify --parent=0000:00:02.0 --jsonfile=/dev/stdin --uuid=${uuid} --defined --live`, json],
    ['autostart-on', `mdevctl modify --uuid=${uuid} --auto`, undefined],
    ['autostart-off', `mdevctl modify --uuid=${uuid} --manual`, undefined],
  ])('spells %s', (command, line, stdin) => {
    const call = mdevctlCall(command, def, parents)
    expect([call.argv.join(' '), call.stdin]).toEqual([line, stdin])
  })

  it.each([
    ['css_0_0_0052', '0.0.0052'],
    ['ap_matrix', 'matrix'],
  ])('calls the parent %s %s', (parent, address) => {
    expect(mdevctlCall('create', { ...def, parent }, parents).argv).toContain(`--parent=${address}`)
  })

  it.each(['computer', 'pci_0000_99_00_0', undefined])('refuses the parent %s with error 67', (parent) => {
    const { parent: _, ...orphan } = def
    const child = parent === undefined ? orphan : { ...orphan, parent }
    expect(() => mdevctlCall('create', child, parents)).toThrow(expect.objectContaining({ number: 67 }))
  })

  it.each(['--force', '../../etc', `${uuid};id`])(
    'refuses the UUID %j, which would be something else in argv',
    (bad) => {
      const capabilities: NodeDeviceDef['capabilities'] = [{ kind: 'mdev', type: 'x', uuid: bad }]
      expect(() => mdevctlCall('stop', { ...def, capabilities }, parents)).toThrow(VirtError)
    },
  )

  it('needs no UUID to make a device, and one for all else', () => {
    const capabilities: NodeDeviceDef['capabilities'] = [{ kind: 'mdev', type: 'x' }]
    expect(mdevctlCall('create', { ...def, capabilities }, parents).argv).toHaveLength(4)
    expect(() => mdevctlCall('stop', { ...def, capabilities }, parents)).toThrow(/no UUID/)
  })
})

describe('readMdevctlList', () => {
  it('reads what it wrote', () => {
    const list = JSON.stringify([{ '0000:00:02.0': [{ [uuid]: JSON.parse(json) }] }])
    expect(readMdevctlList(list, parents)).toEqual([
      {
        autostart: false,
        def: {
          name: 'mdev_9063cba3_ecef_47b6_abcf_3fef4fdcad85_0000_00_02_0',
          parent: 'pci_0000_00_02_0',
          capabilities: [{ ...def.capabilities[0], parentAddress: '0000:00:02.0', iommuGroup: 0 }],
        },
      },
    ])
  })

  it('leaves a device whose parent is gone below computer', () => {
    const list = `[{"0000:07:00.0":[{"${uuid}":{"mdev_type":"x","start":"auto"}}]}]`
    expect(readMdevctlList(list, parents)).toMatchObject([{ autostart: true, def: { parent: 'computer' } }])
  })

  it.each([
    '[{"0000:00:02.0":[{}]}]',
    '[',
    'null',
    '{}',
    '[1]',
    '[{},{}]',
    '[{"a":{}}]',
    '[{"a":[[]]}]',
    `[{"a":[{"${uuid}":{}}]}]`,
    '[{"../x":[{"../y":{"mdev_type":"x"}}]}]',
  ])('refuses %s', (bad) => {
    expect(() => readMdevctlList(bad, parents)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('takes no output for no devices', () => {
    expect(readMdevctlList('', parents)).toEqual([])
    expect(mdevctlList().argv).toEqual(['mdevctl', 'list', '--dumpjson', '--defined'])
  })
})
