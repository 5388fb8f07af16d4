import { describe, expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { parseXml, parseXmlInto } from '../../src/xml/parse.js'

function refusal(source: string | Uint8Array, limits = {}): VirtError {
  try {
    parseXml(source, limits)
  } catch (error) {
    if (VirtError.is(error)) return error
    throw error
  }
  throw new Error('the document was read')
}

describe('parseXml', () => {
  it('reads elements, attributes and text into a tree', () => {
    const root = parseXml(`<a b='1' c="2">x<d/>y</a>`)
    expect(root.toRaw()).toEqual({ name: 'a', attributes: { b: '1', c: '2' }, content: ['x', { name: 'd' }, 'y'] })
  })

  it('joins text that comments, CDATA and references divide', () => {
    expect(parseXml('<a>x<!-- no -->&lt;<![CDATA[<y>]]>&#122;</a>').text).toBe('x<<y>z')
  })

  it('normalises line ends, and blanks in attributes, as XML 1.0 says', () => {
    const root = parseXml('<a b="1\r\n2\t3&#10;4">x\r\ny\rz</a>')
    expect([root.attributes.b, root.text]).toEqual(['1 2 3\n4', 'x\ny\nz'])
  })

  it('takes the names of Object.prototype for names like any other', () => {
    const root = parseXml(`<__proto__ __proto__='1' constructor='2'><toString/></__proto__>`)
    expect(Object.entries(root.attributes)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ])
    expect(root.attributes.hasOwnProperty).toBeUndefined()
  })

  it('knows the line on which a start tag ends', () => {
    expect(parseXml('<a>\n\n<b\n/></a>').children[0]?.line).toBe(4)
  })

  it.each([
    ['nothing', ''],
    ['blanks', ' \n'],
    ['a declaration alone', '<?xml version="1.0"?>'],
    ['JSON', '{"device": 1}'],
    ['two roots', '<a/><b/>'],
    ['text behind the root', '<a/>x'],
    ['an element left open', '<a><b></b>'],
    ['elements that overlap', '<a><b></a></b>'],
    ['an attribute twice', `<a b='1' b='1'/>`],
    ['an attribute without quotes', '<a b=1/>'],
    ['an attribute without a value', '<a b/>'],
    ['a bare ampersand', '<a>x & y</a>'],
    ['an unknown entity', '<a>&nbsp;</a>'],
    ['an angle bracket in an attribute', `<a b='<'/>`],
    ['the end of CDATA in text', '<a>]]></a>'],
    ['two dashes in a comment', '<!-- a -- b --><a/>'],
    ['a name that begins with a digit', '<1a/>'],
    ['a late declaration', ' <?xml version="1.0"?><a/>'],
    ['NUL', '<a>\0</a>'],
    ['a reference to NUL', '<a>&#0;</a>'],
    ['a control character', '<a>\x1b</a>'],
    ['a reference to a surrogate', '<a>&#xD800;</a>'],
    ['a lone surrogate', '<a>\ud800</a>'],
    ['a lone surrogate in an attribute', `<a b='\udc00'/>`],
    ['a noncharacter', '<a>\uffff</a>'],
    ['a DOCTYPE', '<!DOCTYPE a><a/>'],
    ['entities of its own', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['an external entity', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
  ])('refuses %s', (_, source) => {
    expect(refusal(source)).toMatchObject({ code: 'xml-syntax', details: { line: expect.any(Number) } })
  })

  it('says on which line it stopped', () => {
    expect(refusal('<a>\n<b>\n</a>').details.line).toBe(3)
  })

  it.each([
    ['depth', { depth: 3 }, '<a><a><a/></a></a>', '<a><a><a><a/></a></a></a>'],
    ['elements', { elements: 3 }, '<a><b/><b/></a>', '<a><b/><b/><b/></a>'],
    ['attributes', { attributes: 2 }, `<a b='' c=''><a b='' c=''/></a>`, `<a b='' c='' d=''/>`],
    ['size', { size: 9 }, '<a>12</a>', '<a>123</a>'],
  ])('reads up to its limit of %s and no further', (name, limits, good, bad) => {
    expect(parseXml(good, limits).name).toBe('a')
    expect(refusal(bad, limits)).toMatchObject({ code: 'limit-exceeded', message: expect.stringContaining(name) })
  })

  it.each([
    ['100,000 levels', `${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`, 256],
    ['a million elements', `<a>${'<b/>'.repeat(1_000_000)}</a>`, 200_000],
    ['20,000 attributes', `<a ${Array.from({ length: 20_000 }, (_, i) => `a${i}=''`).join(' ')}/>`, 0],
    ['eleven million characters', `<a>${'x'.repeat(11_000_000)}</a>`, 0],
  ])('refuses %s once the limit is reached, and reads no further', (_, source, built) => {
    let elements = 0
    const ignore = () => undefined
    const counting = { open: () => void elements++, close: ignore, text: ignore, cdata: ignore }
    expect(() => parseXmlInto(counting, source)).toThrow(expect.objectContaining({ code: 'limit-exceeded' }))
    expect(elements).toBe(built)
  })

  it('reads the next document as if none had failed', () => {
    for (const bad of ['<a', '<a><b>', '<!DOCTYPE a>', '<a>\0', '<a><b/></a></a>']) {
      refusal(bad)
      expect(parseXml('<c/>').toRaw()).toEqual({ name: 'c' })
    }
    refusal('<a><a/></a>', { depth: 1 })
    expect(parseXml('<c><c/></c>').children).toHaveLength(1)
  })

  it('refuses what is neither text nor bytes', () => {
    expect(refusal(5 as unknown as string).code).toBe('invalid-argument')
    expect(refusal(undefined as unknown as string).code).toBe('invalid-argument')
  })
})
