import { describe, expect, it } from 'vitest'
import { VirtError } from '../src/errors.js'

describe('VirtError', () => {
  it('carries the number libvirt gives its code', () => {
    expect(new VirtError('no-node-device', 'pci_0000_7f_00_0 is not on this host').number).toBe(53)
  })

  it('is told apart by its codes', () => {
    const error: unknown = new VirtError('read-only', 'the connection is read-only')
    expect([VirtError.is(error), VirtError.is(error, 'read-only', 'timeout'), VirtError.is(error, 'timeout')]).toEqual([
      true,
      true,
      false,
    ])
  })

  it('is recognised across two copies of the library by its registered symbol', () => {
    const foreign = Object.assign(new Error('gone'), {
      code: 'no-node-device',
      [Symbol.for('hostdev.VirtError')]: true,
    })
    expect(VirtError.is(foreign, 'no-node-device')).toBe(true)
  })

  it('keeps the failure behind it as its cause', () => {
    const cause = new Error('EIO')
    expect(new VirtError('system', 'x', { cause }).cause).toBe(cause)
  })
})
