import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { type XlPciSpec, xlPciSpec } from '../../src/formats/xl-pci.js'

const at = (domain: number, bus: number, slot: number, fn: number | '*') => ({
  address: { domain, bus, slot, function: fn },
})

/** Specs of every shape that xl reads. */
const pciSpecs: fc.Arbitrary<XlPciSpec> = fc
  .record(
    {
      device: fc.oneof(
        fc
          .tuple(fc.nat(0xffff), fc.nat(0xff), fc.nat(0x1f), fc.oneof(fc.nat(7), fc.constant('*' as const)))
          .map((parts) => at(...parts)),
        fc.stringMatching(/^[!-+\--~]{1,8}$/).map((name) => ({ name })),
      ),
      vslot: fc.nat(0x1f),
      permissive: fc.boolean(),
      msitranslate: fc.boolean(),
      seize: fc.boolean(),
      powerMgmt: fc.boolean(),
      rdmPolicy: fc.constantFrom('strict', 'relaxed'),
    },
    { requiredKeys: ['device'] },
  )
  .map(({ device, ...options }) => ({ ...device, ...options }))

/** Any text, half characters and NUL among it. */
const utf16 = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) })

describe('xlPciSpec', () => {
  it.each<[string, XlPciSpec]>([
    ['0000:03:00.0', at(0, 3, 0, 0)],
    ['1f:3.7', at(0, 0x1f, 3, 7)],
    ['BE78:e1:0e.1', at(0xbe78, 0xe1, 0x0e, 1)],
    ['5e:16.*', at(0, 0x5e, 0x16, '*')],
    ['36:00.0@1f,seize=1', { ...at(0, 0x36, 0, 0), vslot: 0x1f, seize: true }],
    ['36:00.0@10', { ...at(0, 0x36, 0, 0), vslot: 16 }],
    ['bdf=97:13.5,msitranslate=1', { ...at(0, 0x97, 0x13, 5), msitranslate: true }],
    ['seize=1,bdf=97:13.5', { ...at(0, 0x97, 0x13, 5), seize: true }],
    ['0f:6.0,permissive=0,vslot=1e', { ...at(0, 0x0f, 6, 0), permissive: false, vslot: 0x1e }],
    ['01:00.0,permissive=2,power_mgmt=-1', { ...at(0, 1, 0, 0), permissive: true, powerMgmt: true }],
    ['01:00.0,rdm_policy=relaxed,', { ...at(0, 1, 0, 0), rdmPolicy: 'relaxed' }],
    ['01:00.0,seize=1,seize=0', { ...at(0, 1, 0, 0), seize: false }],
    ['name=my=nic,vslot=3', { name: 'my=nic', vslot: 3 }],
  ])('reads %s', (text, spec) => {
    expect(xlPciSpec.parse(text)).toEqual(spec)
  })

  it.each([
    ['', 'does not begin with'],
    ['01:00', 'does not begin with'],
    ['100:00.0', 'does not begin with'],
    ['10000:01:00.0', 'does not begin with'],
    ['01:20.0', 'does not begin with'],
    ['01:00.8', 'does not begin with'],
    [' 01:00.0', 'does not begin with'],
    ['01:00.0\n', 'does not begin with'],
    ['01:00.0@20', 'does not begin with'],
    ['01:00.0;seize=1', 'the unknown option "01:00.0;seize"'],
    ['01:00.0,,seize=1', 'has no value'],
    ['01:00.0,permissive', 'has no value'],
    ['01:00.0,bdf=02:00.0@3', 'bdf is a PCI address'],
    ['01:00.0,vslot=-1', 'from 0 to 1f'],
    ['01:00.0,seize=yes', 'seize is 1 or 0'],
    ['01:00.0,rdm_policy=none', 'strict or relaxed'],
    ['01:00.0,premissive=1', 'did you mean permissive?'],
    ['01:00.0, seize=1', 'did you mean seize?'],
    ['seize=1', 'neither or twice'],
    ['name=x,bdf=01:00.0', 'neither or twice'],
  ])('refuses %j', (text, problem) => {
    expect(() => xlPciSpec.parse(text)).toThrow(VirtError)
    expect(() => xlPciSpec.parse(text)).toThrow(problem)
  })

  it('writes the form that every xl reads', () => {
    expect(xlPciSpec.format({ ...at(0, 0x36, 0, '*'), vslot: 31, seize: true, rdmPolicy: 'strict' })).toBe(
      '0000:36:00.*@1f,seize=1,rdm_policy=strict',
    )
  })

  it.each<[string, XlPciSpec]>([
    ['a domain that xl has no digits for', at(0x10000, 0, 0, 0)],
    ['a slot that is none', at(0, 0, 0x20, 0)],
    ['half a number', at(0, 1.5, 0, 0)],
    ['a negative number', at(0, -1, 0, 0)],
    ['a name with options in it', { name: 'nic,permissive=1' }],
    ['no device', { seize: true }],
  ])('refuses to write %s', (_what, spec) => {
    expect(() => xlPciSpec.format(spec)).toThrow(expect.objectContaining({ code: 'config-unsupported' }))
  })

  it('reads what it has written', () => {
    fc.assert(
      fc.property(pciSpecs, (spec) => {
        expect(xlPciSpec.parse(xlPciSpec.format(spec))).toEqual(spec)
      }),
    )
  })

  it('writes any name as itself, or not at all', () => {
    fc.assert(
      fc.property(utf16, (name) => {
        let text: string
        try {
          text = xlPciSpec.format({ name })
        } catch (error) {
          expect(error).toBeInstanceOf(VirtError)
          return
        }
        expect(xlPciSpec.parse(text)).toEqual({ name })
      }),
    )
  })
})
