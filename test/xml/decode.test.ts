import { describe, expect, it } from 'vitest'
import { decodeXml } from '../../src/xml/decode.js'

const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16()
const declared = (encoding: string, text = '<a>é</a>') => `<?xml version="1.0" encoding="${encoding}"?>${text}`

describe('decodeXml', () => {
  it.each([
    ['UTF-8', Buffer.from('<a>é</a>')],
    ['UTF-8 with a byte order mark', Buffer.from('\ufeff<a>é</a>')],
    ['UTF-16 with a little-endian mark', Buffer.from('\ufeff<a>é</a>', 'utf16le')],
    ['UTF-16 with a big-endian mark', utf16be('\ufeff<a>é</a>')],
  ])('reads %s', (_, bytes) => {
    expect(decodeXml(bytes)).toBe('<a>é</a>')
  })

  it.each([
    ['utf-8', Buffer.from(declared('utf-8'))],
    ['ISO-8859-1', Buffer.from(declared('ISO-8859-1'), 'latin1')],
    ['UTF-16LE', Buffer.from(declared('UTF-16LE'), 'utf16le')],
    ['UTF-16BE', utf16be(declared('UTF-16BE'))],
  ])('reads what declares itself as %s', (encoding, bytes) => {
    expect(decodeXml(bytes)).toBe(declared(encoding))
  })

  it('takes ISO-8859-1 for what it is, not for windows-1252', () => {
    expect(decodeXml(Buffer.from(declared('iso-8859-1', '<a>\x80</a>'), 'latin1'))).toContain('\x80')
  })

  it.each([
    ['a byte that UTF-8 never has', Buffer.from([0x3c, 0x61, 0xff])],
    ['NUL in two bytes', Buffer.from([0x3c, 0x61, 0xc0, 0x80])],
    ['a surrogate in UTF-8', Buffer.from([0x3c, 0x61, 0xed, 0xa0, 0x80])],
    ['half a character at the end', Buffer.from([0x3c, 0x61, 0xc3])],
    ['half a pair in UTF-16', Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x3e, 0x00])],
    ['UTF-7', Buffer.from(declared('UTF-7'))],
    ['an encoding nobody knows', Buffer.from(declared('x-evil'))],
    ['a name of Object.prototype as encoding', Buffer.from(declared('constructor'))],
    ['bytes of one encoding that declare another', Buffer.from(declared('UTF-16'))],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeXml(bytes)).toThrow(expect.objectContaining({ code: 'xml-syntax' }))
  })
})
