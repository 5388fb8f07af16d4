import { describe, expect, it } from 'vitest'
import { capability } from '../../src/model/node-device.js'
import { capabilityFlags, listFlags } from '../../src/model/node-device-flags.js'

describe('listFlags', () => {
  it.each([
    [{}, 0],
    [{ capability: 'system' }, 1],
    [{ capability: ['pci', 'usb'] }, 0b1010],
    [{ capability: ['vports', 'ccwgroup_member'] }, (1 << 10) | (1 << 23)],
    [{ state: 'active' as const }, 0x8000_0000],
    [{ capability: 'mdev', state: 'active' as const, persistence: 'persistent' as const }, 0x9000_4000],
    [{ state: 'inactive' as const, persistence: 'transient' as const }, 0x6000_0000],
  ])('of %j are %i', (filter, flags) => {
    expect(listFlags(filter)).toBe(flags)
  })

  it.each(['pc', 'PCI', '0', '', '__proto__', 'vport_ops'])('are not for %j', (word) => {
    expect(() => listFlags({ capability: word })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

describe('capabilityFlags', () => {
  it('has a bit for every kind that libvirt has', () => {
    const ours = ['sound', 'input']
    expect(Object.keys(capability.arms).filter((kind) => !(kind in capabilityFlags))).toEqual(ours)
    expect(new Set(Object.values(capabilityFlags)).size).toBe(24)
  })
})
