import { describe, expect, it } from 'vitest'
import {
  type Base,
  cInt,
  cUint,
  cUint64,
  hex,
  printedSigned,
  size,
  unlessNegative,
  unlessZero,
  upTo,
} from '../../src/xml/number.js'
import type { Text } from '../../src/xml/text.js'

const plain = { strict: false, compat: false, warn: () => undefined }
const compat = { ...plain, compat: true }
const read = <T>(text: Text<T>, source: string) => text.from(source, plain)

describe('cUint', () => {
  it.each<[Base, string, number | undefined]>([
    [0, '31', 31],
    [0, '0x1F', 31],
    [0, '0X1f', 31],
    [0, '037', 31],
    [0, '0', 0],
    [0, '00', 0],
    [0, '08', undefined],
    [0, 'ff', undefined],
    [10, '037', 37],
    [10, '0x1f', undefined],
    [10, '1e3', undefined],
    [10, '1.0', undefined],
    [10, '１', undefined],
    [16, '1f', 31],
    [16, '0x1f', 31],
    [16, '31', 49],
    [16, '1e3', 0x1e3],
    [16, '0x', undefined],
    [16, 'x1', undefined],
  ])('reads with base %i %j as %j', (base, text, value) => {
    expect(read(cUint(base), text)).toBe(value)
  })

  it.each(['', ' ', '+', '-1', '1 ', '1\0', '4294967296', '18446744073709551617', '1_000', 'NaN', 'Infinity'])(
    'refuses %j in any base',
    (text) => {
      expect([read(cUint(0), text), read(cUint(10), text), read(cUint(16), text)]).toEqual([
        undefined,
        undefined,
        undefined,
      ])
    },
  )

  it.each([' 1', '\t\n1', '+1', ' +1'])('lets blanks and a plus come first: %j', (text) => {
    expect([read(cUint(0), text), read(cUint(10), text), read(cUint(16), text)]).toEqual([1, 1, 1])
  })

  it('ends with 32 bits', () => {
    expect([read(cUint(10), '4294967295'), read(cUint(16), 'ffffffff')]).toEqual([0xffff_ffff, 0xffff_ffff])
  })

  it.each(['-0', '-1', ' -0'])('takes no dash, as virStrToLong_uip does not: %j', (text) => {
    expect([read(cUint(0), text), read(cUint(10), text), read(cUint(16), text)]).toEqual(Array(3).fill(undefined))
  })

  it.each([-1, 1.5, 0x1_0000_0000, Number.NaN, Number.POSITIVE_INFINITY, '1', null])('cannot spell %j', (value) => {
    expect(cUint().to(value as number, { compat: false })).toBeUndefined()
  })
})

describe('cInt', () => {
  it.each([
    ['-1', -1],
    ['-2147483648', -0x8000_0000],
    ['2147483647', 0x7fff_ffff],
    ['2147483648', undefined],
    ['-2147483649', undefined],
    ['- 1', undefined],
  ])('reads %j as %j', (text, value) => {
    expect(read(cInt(10), text)).toBe(value)
  })
})

describe('size', () => {
  it('is exact up to 2^53 and refuses what is beyond', () => {
    expect([read(size, '9007199254740991'), read(size, '9007199254740992')]).toEqual([2 ** 53 - 1, undefined])
    expect(size.to(2 ** 53, { compat: false })).toBeUndefined()
  })
})

describe('cUint64', () => {
  it.each([
    ['18446744073709551615', '18446744073709551615'],
    ['0xffffffffffffffff', '18446744073709551615'],
    ['010', '8'],
    ['18446744073709551616', undefined],
    ['-1', undefined],
  ])('reads %j as %j', (text, value) => {
    expect(read(cUint64(), text)).toBe(value)
  })
})

describe('numbers of a special kind', () => {
  it('are spelt in hexadecimal with leading zeros', () => {
    expect([70, 0x10000].map((value) => hex(4).to(value, compat))).toEqual(['0x0046', '0x10000'])
    expect(hex(4).to(-1, compat)).toBeUndefined()
  })

  it('may have a maximum, both ways', () => {
    expect([read(upTo(31, cUint()), '31'), read(upTo(31, cUint()), '32')]).toEqual([31, undefined])
    expect([31, 32].map((value) => upTo(31, cUint()).to(value, compat))).toEqual(['31', undefined])
  })

  it('say by a negative value, or by 0, that there is none', () => {
    expect([read(unlessNegative(cInt(10)), '-1'), read(unlessNegative(cInt(10)), '0')]).toEqual([null, 0])
    expect([read(unlessZero(cUint()), '0'), read(unlessZero(cUint()), '1')]).toEqual([null, 1])
  })

  it('are printed with a sign in compat only', () => {
    const text = printedSigned(cUint(10))
    expect([text.to(0xffff_ffff, compat), text.to(0xffff_ffff, plain), text.to(7, compat)]).toEqual([
      '-1',
      '4294967295',
      '7',
    ])
  })
})
