import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  array,
  bool,
  decode,
  encode,
  int,
  opaque,
  optional,
  string,
  struct,
  uhyper,
  uint,
  type XdrType,
} from '../../src/wire/xdr.js'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

// Bytes as RFC 4506 draws them.
const cases: [string, XdrType<unknown>, unknown, string][] = [
  ['a signed integer', int, -2, 'fffffffe'],
  ['an unsigned integer with its highest bit', uint, 0x80000000, '80000000'],
  ['true', bool, true, '00000001'],
  ['an integer of 64 bits', uhyper, 2 ** 53 - 1, '001fffffffffffff'],
  ['text, filled up to four bytes', string(10), 'abcde', '00000005 6162636465000000'],
  ['empty text', string(10), '', '00000000'],
  ['text outside ASCII', string(10), 'äß', '00000004 c3a4c39f'],
  ['a value that is there', optional(int), 7, '00000001 00000007'],
  ['a value that is not there', optional(int), undefined, '00000000'],
  ['a list', array(int, 3), [1, 2], '00000002 00000001 00000002'],
  ['bytes of fixed number', opaque(3), hex('010203'), '01020300'],
  ['a structure', struct({ a: int, b: string(4) }), { a: 1, b: 'x' }, '00000001 00000001 78000000'],
]

describe('XDR', () => {
  it.each(cases)('writes and reads %s', (_what, type, value, bytes) => {
    expect(encode(type, value).toString('hex')).toBe(bytes.replaceAll(' ', ''))
    expect(decode(type, hex(bytes))).toEqual(value)
  })

  it.each<[string, XdrType<unknown>, unknown]>([
    ['a signed integer over 32 bits', int, 2 ** 31],
    ['a fraction', int, 1.5],
    ['a negative number where none may be', uint, -1],
    ['no number', uint, Number.NaN],
    ['an integer a number cannot hold', uhyper, 2 ** 53],
    ['text longer than allowed', string(3), 'abcd'],
    ['text longer than allowed only in bytes', string(3), 'ää'],
    ['a NUL', string(10), 'a\0b'],
    ['too long a list', array(int, 1), [1, 2]],
    ['too few bytes', opaque(3), hex('01')],
  ])('refuses to write %s', (_what, type, value) => {
    expect(() => encode(type, value)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it.each<[string, XdrType<unknown>, string]>([
    ['an integer cut short', int, '0000'],
    ['text of 4 GB', string(2 ** 22), 'ffffffff 61'],
    ['text longer than the message', string(2 ** 22), '00100000 61'],
    ['text that is not UTF-8', string(10), '00000002 c328 0000'],
    ['a list of 4,294,967,295', array(int, 2 ** 16), 'ffffffff'],
    ['a list longer than the message', array(int, 2 ** 16), '0000ffff 00000001'],
    ['an integer a number cannot hold', uhyper, '0020000000000000'],
    ['neither presence nor absence', optional(int), '00000002 00000001'],
    ['bytes left over', int, '00000001 00'],
  ])('refuses to read %s', (_what, type, bytes) => {
    expect(() => decode(type, hex(bytes))).toThrow(expect.objectContaining({ code: 'rpc', domain: 7 }))
  })

  it('reads back whatever it wrote', () => {
    const type = struct({ name: string(1000), tags: array(optional(string(1000)), 100), flags: uint, size: uhyper })
    const text = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((value) => !value.includes('\0'))
    const values = fc.record({
      name: text,
      tags: fc.array(fc.option(text, { nil: undefined }), { maxLength: 100 }),
      flags: fc.integer({ min: 0, max: 0xffffffff }),
      size: fc.maxSafeNat(),
    })
    const holds = fc.property(values, (value) => {
      expect(decode(type, encode(type, value))).toEqual(value)
    })
    fc.assert(holds)
  })
})
