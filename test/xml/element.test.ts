import { describe, expect, it } from 'vitest'
import { XmlElement } from '../../src/xml/element.js'
import { parseXml } from '../../src/xml/parse.js'

describe('an element', () => {
  it('tells where it stands in the spelling of XPath', () => {
    const root = parseXml(
      `<device><capability type='pci'><address/><iommuGroup><address/><address/></iommuGroup></capability></device>`,
    )
    const [capability] = root.children
    const [address, group] = capability?.children ?? []
    expect([address?.path, group?.children[1]?.path]).toEqual([
      `/device/capability[@type='pci']/address`,
      `/device/capability[@type='pci']/iommuGroup/address[2]`,
    ])
  })

  it('has the text directly inside it', () => {
    expect(parseXml('<a>x<b>y</b>z</a>').text).toBe('xz')
  })

  it('has the text of all below it, which XPath calls its string-value', () => {
    expect(parseXml('<a>x<b>y<c>z</c></b><!-- no --><![CDATA[&]]></a>').stringValue).toBe('xyz&')
  })

  it.each([
    ['blanks between elements are left out', '<a>\n  <b/>\n  <c/>\n</a>', [{ name: 'b' }, { name: 'c' }]],
    ['blanks are kept where they are all there is', '<a>  </a>', ['  ']],
    ['all text is kept beside elements', '<a>x <b/> </a>', ['x ', { name: 'b' }, ' ']],
    ['text comes in one piece', '<a>x<![CDATA[y]]>z</a>', ['xyz']],
  ])('becomes plain data: %s', (_, source, content) => {
    expect(parseXml(source).toRaw()).toEqual({ name: 'a', content })
  })

  it('comes back from plain data, names of Object.prototype included', () => {
    const raw = parseXml(`<a __proto__='1'>x<__proto__ b='2'/></a>`).toRaw()
    const json = JSON.parse(JSON.stringify(raw))
    expect(XmlElement.fromRaw(json).toRaw()).toEqual(raw)
    expect(Object.getPrototypeOf(raw.attributes)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>).b).toBeUndefined()
  })
})
