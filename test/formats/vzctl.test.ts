import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { vzctlSet } from '../../src/formats/vzctl.js'
import type { HostdevDef } from '../../src/model/hostdev.js'
import { toPciAddress } from '../../src/model/pci-address.js'

const net = (name: string): HostdevDef => ({ kind: 'net', source: { interface: name } })

describe('vzctlSet', () => {
  it.each<[HostdevDef, 'attach' | 'detach', string]>([
    [net('eth1'), 'attach', 'vzctl set 101 --netdev_add eth1 --save'],
    [net('eth1'), 'detach', 'vzctl set 101 --netdev_del eth1 --save'],
    [{ kind: 'storage', source: { block: '/dev/sdb1' } }, 'attach', 'vzctl set 101 --devnodes sdb1:rw --save'],
    [{ kind: 'misc', source: { char: '/dev/ttyS0' } }, 'detach', 'vzctl set 101 --devnodes ttyS0:none --save'],
    [
      { kind: 'pci', managed: false, source: { address: toPciAddress('01:00.0') } },
      'attach',
      'vzctl set 101 --pci_add 0000:01:00.0 --save',
    ],
  ])('gives or takes %j: %s', (def, action, line) => {
    expect(vzctlSet('101', def, { action, save: true }).join(' ')).toBe(line)
  })

  it('leaves --save out for a change of the running container alone', () => {
    expect(vzctlSet('101', net('eth1'), { action: 'attach', save: false })).not.toContain('--save')
  })

  it.each(['', '0', '-1', '1 2', '01', '2147483645', '101;id', '１', 'name', '--help'])(
    'refuses the container %j',
    (ctid) => {
      expect(() => vzctlSet(ctid, net('eth1'), { action: 'attach', save: true })).toThrow(VirtError)
    },
  )

  it('takes the UUID of a container of OpenVZ 7', () => {
    const uuid = '11111111-2222-3333-4444-555555555555'
    expect(vzctlSet(uuid, net('eth1'), { action: 'attach', save: true })[2]).toBe(uuid)
  })

  it.each(['', 'lo', 'tun0', 'tap1', 'venet0', '-x', '.', 'a b', 'a,b', 'a\nb', 'eth1$(id)', '0123456789abcdef'])(
    'refuses the interface %j',
    (name) => {
      expect(() => vzctlSet('101', net(name), { action: 'attach', save: true })).toThrow(VirtError)
    },
  )

  it.each(['/dev/../etc/passwd', '/etc/passwd', '/dev/', '/dev/a:rw', '/dev/a b'])('refuses the node %j', (char) => {
    expect(() => vzctlSet('101', { kind: 'misc', source: { char } }, { action: 'attach', save: true })).toThrow(
      VirtError,
    )
  })

  it('refuses kinds that OpenVZ has no words for, by name', () => {
    const usb: HostdevDef = { kind: 'usb', source: { vendor: 0x0403, product: 0x6001 } }
    expect(() => vzctlSet('101', usb, { action: 'attach', save: true })).toThrow(/USB device 0403:6001/)
  })

  it('passes on no word that is not plain', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (ctid, name) => {
        try {
          for (const word of vzctlSet(ctid, net(name), { action: 'attach', save: true }))
            expect(word).toMatch(/^[\w.-]+$/)
        } catch (error) {
          if (!VirtError.is(error)) throw error
        }
      }),
    )
  })
})
