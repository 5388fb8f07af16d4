import { describe, expect, it } from 'vitest'
import { parsePciVpd } from '../../src/model/pci-vpd.js'

const bytes = (text: string): number[] => [...text].map((character) => character.charCodeAt(0))
const field = (keyword: string, value: string): number[] => [...bytes(keyword), value.length, ...bytes(value)]
const resource = (tag: number, data: number[]): number[] => [tag, data.length & 0xff, data.length >> 8, ...data]
const end = 0x78

/** VPD with a name, a VPD-R whose checksum is right, and more after it. */
function vpd(readOnly: number[], ...more: number[]): Uint8Array {
  const head = [...resource(0x82, bytes('name ')), ...resource(0x90, [...readOnly, ...bytes('RV'), 1, 0])]
  head[head.length - 1] = -head.reduce((sum, byte) => sum + byte, 0) & 0xff
  return Uint8Array.from([...head, ...more])
}

describe('parsePciVpd', () => {
  it('reads what libvirt reads, in the order of the fields', () => {
    const readOnly = [field('V1', 'b'), field('PN', ' P <1>\t'), field('V0', 'a'), field('V1', 'c')].flat()
    const readWrite = [field('YA', 'tag'), field('Y1', 'sys'), field('V2', 'v'), field('RW', '\0\0')].flat()
    expect(parsePciVpd(vpd(readOnly, ...resource(0x91, readWrite), end))).toEqual({
      name: 'name',
      readOnly: {
        partNumber: 'P <1>',
        vendorFields: [
          { index: '1', value: 'c' },
          { index: '0', value: 'a' },
        ],
      },
      readWrite: {
        assetTag: 'tag',
        vendorFields: [{ index: '2', value: 'v' }],
        systemFields: [{ index: '1', value: 'sys' }],
      },
    })
  })

  it('skips fields whose text is none, and those it does not know', () => {
    const fields = [field('SN', '\xff\xfe'), field('FG', 'x'), field('pn', 'x'), field('EC', '')].flat()
    expect(parsePciVpd(vpd(fields, end))).toEqual({ name: 'name', readOnly: { changeLevel: '' } })
  })

  it('has a section without values when libvirt lists one', () => {
    expect(parsePciVpd(vpd(field('CP', '\x01'), end))).toEqual({ name: 'name', readOnly: {} })
    expect(parsePciVpd(vpd(field('SN', '\x01'), end))).toEqual({ name: 'name' })
  })

  it('reads a VPD-W that lacks the field for the room left', () => {
    expect(parsePciVpd(vpd([], ...resource(0x91, field('YA', 'tag')), end))).toMatchObject({
      readWrite: { assetTag: 'tag' },
    })
  })

  // as virPCIVPDParse of libvirt 9.0 and 11.3 has them
  it('counts nothing that it passes over into the checksum', () => {
    const fields = resource(0x90, [...field('PN', 'x'), ...bytes('RV'), 1, 0])
    const summed = [0x85, 2, 0, ...fields]
    fields[fields.length - 1] = -summed.reduce((sum, byte) => sum + byte, 0) & 0xff
    const whole = Uint8Array.from([0x85, 2, 0, 0xaa, 0xbb, ...fields, end])
    expect(parsePciVpd(whole)).toEqual({ readOnly: { partNumber: 'x' } })
  })

  it('adds up sections of one sort', () => {
    const more = resource(0x90, [...field('SN', 'y'), ...bytes('RV'), 1, 0])
    more[more.length - 1] = -more.reduce((sum, byte) => sum + byte, 0) & 0xff
    expect(parsePciVpd(vpd(field('PN', 'x'), ...more, end))?.readOnly).toEqual({ partNumber: 'x', serialNumber: 'y' })
  })

  it('takes no vertical tab for a blank, as GLib does not', () => {
    expect(parsePciVpd(vpd([...field('PN', '\v'), ...field('SN', '\tx\f')], end))?.readOnly).toEqual({
      serialNumber: 'x',
    })
  })

  it('passes over resources it does not know', () => {
    expect(parsePciVpd(vpd([], ...resource(0x85, bytes('zz')), 0x02, 1, 2, end))).toEqual({ name: 'name' })
  })

  const wrongSum = vpd(field('PN', 'x'), end)
  wrongSum[wrongSum.length - 2] = (wrongSum.at(-2) ?? 0) ^ 1

  it.each<[string, Uint8Array]>([
    ['nothing at all', new Uint8Array()],
    ['all ones', new Uint8Array(64).fill(0xff)],
    ['no VPD-R', Uint8Array.from([...resource(0x82, bytes('name')), end])],
    ['no end', vpd([])],
    ['a wrong checksum', wrongSum],
    ['a VPD-R without a checksum', Uint8Array.from([...resource(0x90, field('PN', 'x')), end])],
    ['a checksum in VPD-W', vpd([], ...resource(0x91, field('RV', 'x')), end)],
    ['room left in VPD-R', vpd(field('RW', 'x'), end)],
    ['room left that is not last', vpd([], ...resource(0x91, [...field('RW', ''), ...field('YA', 'x')]), end)],
    ['a field that leaves its resource', vpd([], ...resource(0x91, [89, 65, 9, 1]), end)],
    ['a resource that leaves the file', vpd([], 0x91, 0xff, 0x7f, end)],
    ['a name that is no text', Uint8Array.from([...resource(0x82, [1]), end])],
  ])('takes %s for no VPD', (_, data) => {
    expect(parsePciVpd(data)).toBeUndefined()
  })
})
