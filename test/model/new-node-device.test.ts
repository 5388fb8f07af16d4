import { describe, expect, it } from 'vitest'
import { parseNewNodeDevice } from '../../src/model/new-node-device.js'

const mdev = (inside: string, parent = '<parent>pci_0000_00_02_0</parent>') =>
  `<device>${parent}<capability type='mdev'><type id='i915-GVTg_V5_8'/>${inside}</capability></device>`
const vhba = (inside: string, parent = '<parent>scsi_host5</parent>') =>
  `<device>${parent}<capability type='scsi_host'>${inside}</capability></device>`

describe('parseNewNodeDevice', () => {
  it('reads a mediated device that has neither a name nor a UUID yet', () => {
    expect(parseNewNodeDevice(mdev(''))).toEqual({
      name: 'new device',
      parent: 'pci_0000_00_02_0',
      capabilities: [{ kind: 'mdev', type: 'i915-GVTg_V5_8' }],
    })
  })

  it('reads a vHBA that has neither a host number nor world wide names yet', () => {
    expect(parseNewNodeDevice(vhba(`<capability type='fc_host'/>`)).capabilities).toEqual([
      { kind: 'scsi_host', host: 0, fcHost: {} },
    ])
  })

  it('takes an attribute of a mediated device that has no name for none', () => {
    expect(parseNewNodeDevice(mdev(`<attr value='1'/>`), { compat: true }).capabilities).toEqual([
      { kind: 'mdev', type: 'i915-GVTg_V5_8', iommuGroup: 0 },
    ])
  })

  it('reads which fabric the parent of a vHBA is on', () => {
    expect(parseNewNodeDevice(vhba('', `<parent fabric_wwn='2001000dec9877c1'/>`))).toMatchObject({
      parentFabricWwn: '2001000dec9877c1',
    })
  })

  it.each([
    ['nothing', '<device/>', 'xml-invalid'],
    ['a UUID that is none', mdev('<uuid>not-a-uuid</uuid>'), 'xml-invalid'],
    ['a mediated device without a parent', mdev('', ''), 'config-unsupported'],
    ['half of the world wide names of a parent', vhba('', `<parent wwnn='2001001b32a9da4e'/>`), 'xml-invalid'],
    [
      'a kind that cannot be made',
      `<device><capability type='drm'><type>render</type></capability></device>`,
      'config-unsupported',
    ],
  ])('refuses %s', (_, xml, code) => {
    expect(() => parseNewNodeDevice(xml)).toThrow(expect.objectContaining({ code }))
  })
})
