import { describe, expect, it } from 'vitest'
import type { HostdevDef } from '../../src/model/hostdev.js'
import { describeTarget, findHostdev, parseHostdevTarget } from '../../src/model/hostdev-target.js'

const dongle: HostdevDef = {
  kind: 'usb',
  managed: false,
  source: { vendor: 0x0483, product: 0x2016 },
  alias: 'hostdev0',
  address: { kind: 'usb', bus: 1, port: '5' },
}
const nic: HostdevDef = {
  kind: 'pci',
  managed: true,
  source: { address: { domain: 0, bus: 2, slot: 0, function: 0 } },
  alias: 'hostdev1',
}
const guest = [dongle, nic]

describe('findHostdev', () => {
  it('finds a device by its alias', () => {
    expect(findHostdev(guest, { alias: 'hostdev1' })).toBe(nic)
    expect(findHostdev(guest, { alias: 'hostdev7' })).toBeUndefined()
  })

  it('finds a device by where the guest sees it', () => {
    expect(findHostdev(guest, { address: { port: '5', bus: 1, kind: 'usb' } })).toBe(dongle)
    expect(findHostdev(guest, { address: { kind: 'usb', bus: 1, port: '6' } })).toBeUndefined()
  })

  it('finds a device by what it is on the host, its alias first', () => {
    const { alias: _, ...bare } = dongle
    expect(findHostdev(guest, bare)).toBe(dongle)
    expect(findHostdev(guest, { ...dongle, alias: 'hostdev1' })).toBe(nic)
  })

  it('takes devices that have no address for no place', () => {
    expect(findHostdev([nic], { address: { kind: 'usb', bus: 0 } })).toBeUndefined()
  })
})

describe('parseHostdevTarget', () => {
  it.each(["<target dev='001.005'/>", "<host bus='usb'><target dev='001.005'/></host>"])(
    'reads the place that %s names',
    (xml) => {
      expect(parseHostdevTarget(xml)).toEqual({ address: { kind: 'usb', bus: 1, port: '5' } })
    },
  )

  it('reads a hostdev in any dialect', () => {
    expect(parseHostdevTarget("<host bus='usb'><source dev='003.001'/><target dev='001.005'/></host>")).toEqual({
      kind: 'usb',
      managed: false,
      source: { address: { bus: 3, device: 1 } },
      address: { kind: 'usb', bus: 1, port: '5' },
    })
  })

  it.each(["<target dev='nonsense'/>", '<target/>', '<device/>'])('refuses %s', (xml) => {
    expect(() => parseHostdevTarget(xml)).toThrow(expect.objectContaining({ code: 'xml-invalid' }))
  })
})

describe('describeTarget', () => {
  it.each([
    [nic, 'PCI device 0000:02:00.0'],
    [{ alias: 'a"b' }, 'host device "a\\"b"'],
    [{ address: { kind: 'usb', bus: 1, port: '5' } } as const, 'host device at usb 1:5'],
  ] as const)('says of %j what it is', (target, words) => {
    expect(describeTarget(target)).toBe(words)
  })
})
