import { describe, expect, it } from 'vitest'
import { formatDom } from '../../src/dom/format-dom.js'
import { parseDom } from '../../src/dom/parse-dom.js'
import { VirtError } from '../../src/errors.js'

function refusal(run: () => unknown): VirtError {
  try {
    run()
  } catch (error) {
    if (VirtError.is(error)) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('parseDom', () => {
  it('keeps comments, instructions, CDATA and white space', () => {
    const xml = `<!-- a -->\n<?b c?>\n<d>\n  <!--e--><?f?><![CDATA[<g> & h]]> i\n</d>\n<!-- j -->\n`
    expect(formatDom(parseDom(xml))).toBe(xml)
  })

  it('resolves namespaces', () => {
    const root = parseDom(`<a xmlns='urn:a' xmlns:b='urn:b'><b:c b:d='1' e='2' xml:lang='en'/></a>`).documentElement
    const child = root?.firstChild as NonNullable<typeof root>
    expect([root?.namespaceURI, child.namespaceURI, child.localName, child.prefix]).toEqual([
      'urn:a',
      'urn:b',
      'c',
      'b',
    ])
    expect(child.getAttributeNS('urn:b', 'd')).toBe('1')
    expect(child.getAttributeNS('http://www.w3.org/XML/1998/namespace', 'lang')).toBe('en')
  })

  it.each([
    ['a prefix that nothing declares', `<b:c d:e='1'/>`],
    ['two colons', `<b:c:d e:f:g='1'/>`],
    ['a local name that is none', `<b:1 b:-='1' xmlns:2='u'/>`],
    ['a prefix of the wrong namespace', `<x xmlns:y='http://www.w3.org/2000/xmlns/'><y:z/></x>`],
    ['a prefix that may not be declared', `<xmlns:b xmlns:xmlns='u' xmlns:xml='u' xml:lang='en'/>`],
    ['a name that declares', `<xmlns xmlns='u'/>`],
    ['an attribute twice, by two prefixes', `<b:c xmlns:d='urn:b' b:e='1' d:e='2'/>`],
  ])('takes %s as libvirt does, though namespaces forbid it', (_, inside) => {
    const xml = `<a xmlns:b='urn:b'>${inside}</a>\n`
    expect(formatDom(parseDom(xml))).toBe(xml)
  })

  it('notes the line of each element', () => {
    expect(parseDom('<a>\n\n<b\n/></a>').documentElement?.lastChild?.lineNumber).toBe(4)
  })

  it.each([
    [`<?xml version="1.0"?>`, `<?xml version='1.0'?>`],
    [`<?xml version="1.0" encoding='ISO-8859-1'?>`, `<?xml version='1.0' encoding='UTF-8'?>`],
    [`<?xml version='1.0' standalone="yes"?>`, `<?xml version='1.0' standalone='yes'?>`],
  ])('keeps the declaration %s, in the encoding in which text is saved', (declaration, kept) => {
    expect(formatDom(parseDom(`${declaration}<a/>`))).toBe(`${kept}\n<a/>\n`)
  })

  it('reads bytes in the encoding they declare', () => {
    const bytes = Buffer.from(`<?xml version='1.0' encoding='ISO-8859-1'?><a>\u00e9</a>`, 'latin1')
    expect(formatDom(parseDom(bytes))).toBe(`<?xml version='1.0' encoding='UTF-8'?>\n<a>\u00e9</a>\n`)
  })

  it.each([
    ['a bare ampersand', '<a>&</a>'],
    ['an attribute without quotes', '<a b=1/>'],
    ['NUL', '<a>&#0;</a>'],
    ['a DOCTYPE', '<!DOCTYPE a><a/>'],
    ['a DOCTYPE after one in a comment', '<!-- <!DOCTYPE a> --><!DOCTYPE a><a/>'],
  ])('refuses %s', (_, xml) => {
    expect(refusal(() => parseDom(xml))).toMatchObject({ code: 'xml-syntax', details: { line: 1 } })
  })

  it('reads a comment that speaks of DOCTYPE', () => {
    const xml = '<!-- no <!DOCTYPE a> here -->\n<a/>\n'
    expect(formatDom(parseDom(xml))).toBe(xml)
  })

  it.each([
    ['depth', { depth: 2 }, '<a><b><c/></b></a>'],
    ['elements', { elements: 2 }, '<a><b/><b/></a>'],
    ['attributes', { attributes: 1 }, `<a b='' c=''/>`],
    ['size', { size: 3 }, '<a/>'],
  ])('has a limit of %s', (_, limits, xml) => {
    expect(refusal(() => parseDom(xml, limits)).code).toBe('limit-exceeded')
  })

  it('resolves namespaces declared by the hundred at every level, within the time that a test has', () => {
    const levels = 200
    const open = (level: number) => `<a${Array.from({ length: 200 }, (_, i) => ` xmlns:p${level}_${i}='u'`).join('')}>`
    const xml = `${Array.from({ length: levels }, (_, level) => open(level)).join('')}<p0_199:b/>${'</a>'.repeat(levels)}`
    const [inmost] = parseDom(xml).getElementsByTagNameNS('u', 'b')
    expect(inmost?.tagName).toBe('p0_199:b')
  })
})
