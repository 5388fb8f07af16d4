import { describe, expect, it } from 'vitest'
import { documentOf } from '../../src/xml/document.js'
import { cUint } from '../../src/xml/number.js'
import { checked, filled, refined, ruled } from '../../src/xml/refine.js'
import { attr, one, opt } from '../../src/xml/row.js'
import { table } from '../../src/xml/table.js'

const range = table({ from: opt(attr('@from', cUint())), to: opt(attr('@to', cUint())) })

describe('a codec', () => {
  it('may hold rules over the whole def, both ways', () => {
    const document = documentOf(
      'a',
      ruled(range, ({ from = 0, to = 0 }) => (from > to ? 'ends before it begins' : undefined)),
    )
    expect(document.parse(`<a from='1' to='2'/>`)).toEqual({ from: 1, to: 2 })
    expect(() => document.parse(`<a from='2' to='1'/>`)).toThrow('/a ends before it begins')
    expect(() => document.format({ from: 2, to: 1 })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: '/a ends before it begins' }),
    )
  })

  it('may change what it has read', () => {
    const document = documentOf(
      'a',
      refined(range, ({ from }, { compat }) => (compat ? {} : { from: from ?? 0 })),
    )
    expect([document.parse('<a/>'), document.parse('<a/>', { compat: true })]).toEqual([{ from: 0 }, {}])
  })

  it('may take an element that says nothing for an absent one', () => {
    const document = documentOf('a', table({ range: opt(one('range', filled(range))) }))
    expect([document.parse('<a><range/></a>'), document.parse(`<a><range to='1'/></a>`)]).toEqual([
      {},
      { range: { to: 1 } },
    ])
  })

  it('may have one more demand of the schema', () => {
    const document = documentOf(
      'a',
      checked(range, ({ attributes }) => (attributes.to ? undefined : 'has no end')),
    )
    expect(document.validate('<a/>')).toEqual([{ path: '/a', line: 1, problem: 'has no end' }])
    expect(document.parse('<a/>')).toEqual({})
  })
})
