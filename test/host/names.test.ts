import { describe, expect, it } from 'vitest'
import { generateName, generateNames } from '../../src/host/names.js'

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
