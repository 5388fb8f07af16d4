import { describe, expect, it } from 'vitest'
import { parsePciConfig } from '../../src/model/pci-config.js'
import { config } from '../data/small-tree.js'

const header = { 0: [0x86, 0x80, 0xd3, 0x10], 6: [0x10, 0], 8: [3, 0, 0, 2], 52: [0x40] }

describe('parsePciConfig', () => {
  it('reads the header', () => {
    expect(parsePciConfig(config({ ...header, 14: [0x80], 44: [0x14, 0x10, 0x40, 0x03] }))).toMatchObject({
      vendor: 0x8086,
      device: 0x10d3,
      class: 0x020000,
      revision: 3,
      headerType: 'endpoint',
      multifunction: true,
      subsystemVendor: 0x1014,
      subsystemDevice: 0x0340,
      isPciExpress: false,
    })
  })

  it('reads the buses of a bridge', () => {
    expect(parsePciConfig(config({ ...header, 14: [1], 24: [0x80, 0x90, 0x9f] }))).toMatchObject({
      headerType: 'pci-bridge',
      primaryBus: 0x80,
      secondaryBus: 0x90,
      subordinateBus: 0x9f,
    })
  })

  it('follows both capability lists', () => {
    const space = config(
      {
        ...header,
        64: [0x01, 0x50, 0, 0, 0x08],
        80: [0x10, 0x70, 0x42, 0x00, 0, 0, 0, 0x10],
        92: [0x13, 0x04, 0, 9],
        98: [0x12, 0],
        112: [0x13, 0x00, 6, 3],
        256: [1, 0, 1, 0x15],
        336: [0x10, 0, 1, 0],
        350: [7, 0],
      },
      4096,
    )
    expect(parsePciConfig(space)).toMatchObject({
      capabilities: [
        { id: 1, offset: 0x40 },
        { id: 0x10, offset: 0x50 },
        { id: 0x13, offset: 0x70 },
      ],
      extendedCapabilities: [
        { id: 1, offset: 0x100 },
        { id: 0x10, offset: 0x150 },
      ],
      isPciExpress: true,
      pciExpressType: 4,
      link: { capability: { port: 9, speed: '8', width: 1 }, status: { speed: '5', width: 1 } },
      hasFlr: true,
      hasAfFlr: true,
      hasPmReset: false,
      sriovTotalVfs: 7,
    })
  })

  it('has no link for an endpoint of the root complex', () => {
    expect(parsePciConfig(config({ ...header, 64: [0x10, 0, 0x92] })).link).toBeUndefined()
  })

  it('has no speed for a number that stands for none', () => {
    const { link } = parsePciConfig(config({ ...header, 64: [0x10, 0, 2], 76: [0x10, 0, 0, 0], 82: [0x1f, 0] }))
    expect(link).toEqual({ capability: { port: 0, width: 1 }, status: { width: 1 } })
  })

  it.each([
    ['circular', { 64: [1, 0x44], 68: [5, 0x40] }, [1, 5]],
    ['one that points into the header', { 64: [1, 0x10] }, [1]],
    ['one of ones', { 64: [1, 0xfc], 252: [0xff, 0xff] }, [1]],
  ])('ends a capability list that is %s', (_, bytes, ids) => {
    expect(parsePciConfig(config({ ...header, ...bytes })).capabilities.map(({ id }) => id)).toEqual(ids)
  })

  it.each([0, 16, 63])('refuses %i bytes', (length) => {
    expect(() => parsePciConfig(new Uint8Array(length))).toThrow(`has ${length} bytes`)
  })
})
