import { describe, expect, it } from 'vitest'
import { saslprep } from '../../../src/wire/sasl/saslprep.js'

describe('saslprep', () => {
  // The examples of RFC 4013, section 3.
  it.each([
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['a\u00a0b', 'a b'],
    ['e\u0301', '\u00e9'],
  ])('makes of %j what RFC 4013 does', (given, prepared) => {
    expect(saslprep(given, 'password')).toBe(prepared)
  })

  it.each(['\u0007', 'a\0b', '\ue000', '\ud800', '\u202e', '\ufffd'])('refuses %j', (given) => {
    expect(() => saslprep(given, 'password')).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('refuses nothing at all', () => {
    expect(() => saslprep('\u00ad', 'user name')).toThrow('the user name is empty')
  })
})
