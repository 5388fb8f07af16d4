import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pci } from '../../src/host/kinds/pci.js'
import { generateName, generateNames, haveOneShape } from '../../src/host/names.js'

describe('generateName', () => {
  it.each([
    ['pci', '0000:00:1f.3', undefined, 'pci_0000_00_1f_3'],
    ['net', 'eth0', '52:54:00:aa:bb:cc', 'net_eth0_52_54_00_aa_bb_cc'],
    ['block', 'sd\na', 'Ä', 'block_sd_a___'],
  ])('calls %s %j %j %s', (subsystem, sysname, suffix, name) => {
    expect(generateName(subsystem, sysname, suffix)).toBe(name)
  })
})

describe('generateNames', () => {
  it.each([
    ['none', []],
    ['plain ones', ['0000:00:1f.3', '1-1.2:1.0', 'host0', 'a b\n']],
    ['one that is not ASCII', ['host0', 'ßß', '\u{1f600}']],
  ])('gives each the name that it has by itself: %s', (_, sysnames) => {
    expect(generateNames('pci', sysnames)).toEqual(sysnames.map((sysname) => generateName('pci', sysname)))
  })
})

describe('haveOneShape', () => {
  it('holds for PCI addresses and not for names of several shapes', () => {
    expect(haveOneShape(['0000:00:1f.3', '10000:e1:00.0'])).toBe(true)
    expect(haveOneShape(['1-1:1.0', '1-1.1:1.0'])).toBe(false)
    expect(haveOneShape(['a:b', 'a.b'])).toBe(false)
  })

  it('holds for no names of which two become alike', () => {
    const sign = fc.constantFrom(':', '.', '-', 'é', '€')
    const run = fc.stringMatching(/^[ab]{0,2}$/)
    const ofOneShape = fc.tuple(sign, sign).chain(([first, second]) =>
      fc.uniqueArray(
        fc.tuple(run, run, run).map(([a, b, c]) => a + first + b + second + c),
        { minLength: 1 },
      ),
    )
    fc.assert(
      fc.property(ofOneShape, (sysnames) => {
        expect(haveOneShape(sysnames)).toBe(true)
        expect(new Set(generateNames('pci', sysnames)).size).toBe(sysnames.length)
      }),
    )
  })
})

describe('PCI addresses', () => {
  it('never become alike, so that nobody need look', () => {
    const pieces = [
      ['0000:', '0000.', ''],
      ['00', '1'],
      [':', '.'],
      ['00', '1f'],
      ['.', ':'],
      ['0', '7'],
    ]
    const sysname = fc.tuple(...pieces.map((each) => fc.constantFrom(...each))).map((each) => each.join(''))
    expect(pci.hasDistinctNames).toBe(true)
    fc.assert(
      fc.property(fc.uniqueArray(sysname, { minLength: 2 }), (all) => {
        const addresses = all.filter((each) => pci.named?.(each))
        expect(new Set(generateNames('pci', addresses)).size).toBe(addresses.length)
      }),
    )
    expect(pci.named?.('0000.00:1f.3')).toBe(false)
  })
})
