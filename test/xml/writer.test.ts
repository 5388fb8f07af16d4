import { describe, expect, it } from 'vitest'
import { parseXml } from '../../src/xml/parse.js'
import { XmlWriter } from '../../src/xml/writer.js'

const written = (write: (writer: XmlWriter) => void): string => {
  const writer = new XmlWriter()
  write(writer)
  return writer.toString()
}

describe('the writer', () => {
  it('lays out elements as libvirt does', () => {
    const xml = written((writer) => {
      writer.open('a')
      writer.attribute('b', '1')
      writer.open('c')
      writer.text('x')
      writer.close()
      writer.open('d')
      writer.close()
      writer.open('e')
      writer.close(true)
      writer.close()
    })
    expect(xml).toBe(`<a b='1'>\n  <c>x</c>\n  <d/>\n  <e />\n</a>\n`)
  })

  it('adds no blanks where an element holds text of its own', () => {
    const xml = written((writer) => {
      writer.open('a')
      writer.open('b')
      writer.text('x')
      writer.open('c')
      writer.open('d')
      writer.close()
      writer.close()
      writer.text('y')
      writer.close()
      writer.open('e')
      writer.close()
      writer.close()
    })
    expect(xml).toBe('<a>\n  <b>x<c><d/></c>y</b>\n  <e/>\n</a>\n')
  })

  it.each([
    [`&<>'"`, '&amp;&lt;&gt;&apos;&quot;', '&amp;&lt;&gt;&apos;&quot;'],
    ['a\nb\tc', 'a\nb\tc', 'a&#10;b&#9;c'],
    ['a\rb', 'a&#13;b', 'a&#13;b'],
    ['&lt;', '&amp;lt;', '&amp;lt;'],
    [']]>', ']]&gt;', ']]&gt;'],
    ['Grüße 🐧', 'Grüße 🐧', 'Grüße 🐧'],
  ])('writes %j so that it is read back', (value, text, attribute) => {
    const xml = written((writer) => {
      writer.open('a')
      writer.attribute('b', value)
      writer.text(value)
      writer.close()
    })
    expect(xml).toBe(`<a b='${attribute}'>${text}</a>\n`)
    expect([parseXml(xml).text, parseXml(xml).attributes.b]).toEqual([value, value])
  })

  it.each(['\0', '\x1b', '\ud800', '\udc00x', 'x\ud800', '\ufffe', '\uffff'])(
    'refuses %j, which XML cannot say',
    (value) => {
      const writer = new XmlWriter()
      writer.open('a')
      const refused = expect.objectContaining({ code: 'invalid-argument', details: { path: '/a' } })
      expect(() => writer.attribute('b', value)).toThrow(refused)
      expect(() => writer.text(value)).toThrow(refused)
    },
  )
})
