import { describe, expect, it } from 'vitest'
import { documentOf } from '../../src/xml/document.js'
import { cUint } from '../../src/xml/number.js'
import { attr, leaf } from '../../src/xml/row.js'
import { table } from '../../src/xml/table.js'
import { str } from '../../src/xml/text.js'
import { variants } from '../../src/xml/variants.js'

const shape = variants(
  'type',
  { circle: table({ radius: leaf('radius', cUint()) }), label: table({ text: leaf('text', str) }), spot: table({}) },
  { unread: ['spot'] },
)
const document = documentOf('shape', shape)
const circle = `<shape type='circle'>\n  <radius>1</radius>\n</shape>\n`

describe('variants', () => {
  it('read and write the table that the attribute names', () => {
    expect(document.parse(circle)).toEqual({ kind: 'circle', radius: 1 })
    expect(document.format({ kind: 'circle', radius: 1 })).toBe(circle)
  })

  it('name the kind in the path of what is wrong', () => {
    expect(() => document.parse(`<shape type='circle'/>`)).toThrow("/shape[@type='circle']/radius is missing")
  })

  it('keep a kind that no table has, and write it back', () => {
    const xml = `<shape type='star' points='5'>\n  <at x='1'>a&amp;b</at>\n</shape>\n`
    const def = document.parse(xml)
    expect(def).toMatchObject({ kind: 'other', type: 'star' })
    expect(document.format(JSON.parse(JSON.stringify(def)))).toBe(xml)
  })

  it.each(['__proto__', 'constructor', 'toString'])('keep a kind called %s like any other', (type) => {
    expect(document.parse(`<shape type='${type}'/>`)).toEqual({
      kind: 'other',
      type,
      xml: { name: 'shape', attributes: { type } },
    })
  })

  it.each([{ strict: true }, { compat: true }])('refuse it in %j reading', (options) => {
    expect(() => document.parse(`<shape type='star'/>`, options)).toThrow(
      "/shape[@type='star']/@type is 'star', which is none of circle, label, spot",
    )
  })

  it('refuse in compat a kind that libvirt writes and does not read', () => {
    expect(document.parse(`<shape type='spot'/>`)).toEqual({ kind: 'spot' })
    expect(() => document.parse(`<shape type='spot'/>`, { compat: true })).toThrow("is 'spot'")
  })

  it('refuse an element that says no kind, and a def of none', () => {
    expect(() => document.parse('<shape/>')).toThrow('/shape/@type is missing; it is one of circle, label, spot')
    expect(() => document.format({ kind: 'star' } as never)).toThrow("cannot be of kind 'star'")
  })

  it('may be told apart by more than one attribute', () => {
    const codec = variants(
      {
        attributes: ['mode', 'type'],
        kindOf: ({ attributes: { mode = 'flat', type } }) => `${mode}-${type}`,
        mark: (kind) => ({ mode: kind.split('-')[0] ?? '', type: kind.split('-')[1] ?? '' }),
      },
      { 'flat-circle': table({ radius: attr('@radius', cUint()) }) },
    )
    const doc = documentOf('shape', codec)
    const def = doc.parse(`<shape type='circle' radius='1'/>`, { strict: true })
    expect(doc.format(def)).toBe(`<shape mode='flat' type='circle' radius='1'/>\n`)
  })
})
