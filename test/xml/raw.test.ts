import { describe, expect, it } from 'vitest'
import { documentOf } from '../../src/xml/document.js'
import type { RawXml } from '../../src/xml/element.js'
import { rest } from '../../src/xml/raw.js'
import { leaf } from '../../src/xml/row.js'
import { table } from '../../src/xml/table.js'
import { str } from '../../src/xml/text.js'

const document = documentOf('a', table({ name: leaf('name', str), other: rest({ known: 'refused', typed: 'typed' }) }))
const newer = `<a>\n  <name>x</name>\n  <future b='1'>\n    <c>y</c>\n  </future>\n  <known/>\n</a>\n`

describe('the rest of an element', () => {
  it('is kept as it came and written back', () => {
    expect(document.parse(newer).other?.map(({ name }) => name)).toEqual(['future', 'known'])
    expect(document.format(document.parse(newer))).toBe(newer)
  })

  it('is no member of the def when there is none', () => {
    expect(document.parse('<a><name>x</name></a>')).toEqual({ name: 'x' })
  })

  it.each([
    ['<future/>', undefined],
    ['<known/>', '/a/known is not an element libvirt knows here'],
    ['<typed/>', '/a/typed/@type is missing'],
    [`<typed type='x'/>`, undefined],
  ])('is forgotten in compat, or refused as libvirt does: %s', (element, problem) => {
    const parse = () => document.parse(`<a><name>x</name>${element}</a>`, { compat: true })
    if (problem === undefined) expect(parse()).toEqual({ name: 'x' })
    else expect(parse).toThrow(problem)
  })

  it('is refused in strict reading, and found in validation', () => {
    expect(() => document.parse(newer, { strict: true })).toThrow('/a/future is not an element libvirt knows here')
    expect(document.validate(newer).map(({ path }) => path)).toEqual(['/a/future', '/a/known'])
  })
})

describe('raw XML in a def', () => {
  const format = (raw: RawXml) => document.format({ name: 'x', other: [raw] })

  it.each<[string, RawXml]>([
    ['an element', { name: 'a><evil/' }],
    ['an element within', { name: 'b', content: [{ name: '1' }] }],
    ['an attribute', { name: 'b', attributes: { "c='1' d": '2' } }],
    ['nothing', { name: '' }],
  ])('is refused when it gives a name that XML does not allow to %s', (_, raw) => {
    expect(() => format(raw)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('may have names of any script', () => {
    expect(format({ name: 'größe', attributes: { 'x:日本': '1' } })).toContain(`<größe x:日本='1'/>`)
  })

  it('is refused when it is deeper than documents are read', () => {
    let raw: RawXml = { name: 'b' }
    for (let depth = 0; depth < 100_000; depth++) raw = { name: 'b', content: [raw] }
    expect(() => format(raw)).toThrow(expect.objectContaining({ code: 'limit-exceeded' }))
  })
})
