import { describe, expect, it } from 'vitest'
import { inCompat, unkept, unread, unwritten } from '../../src/xml/compat.js'
import { documentOf } from '../../src/xml/document.js'
import { cUint } from '../../src/xml/number.js'
import { attr, leaf, one, opt } from '../../src/xml/row.js'
import { just, table } from '../../src/xml/table.js'
import { str } from '../../src/xml/text.js'

const compat = { compat: true }

describe('what libvirt does to a value', () => {
  const document = documentOf(
    'a',
    table({
      written: opt(unread(leaf('written', str))),
      read: opt(unwritten(attr('owner/@read', str))),
      always: opt(inCompat(0, leaf('always', cUint()))),
      kept: opt(
        one(
          'kept',
          unkept(just(attr('@of', str)), (of) => of === ''),
        ),
      ),
    }),
  )
  const xml = `<a>\n  <written>x</written>\n  <owner read='y'/>\n  <kept of=''/>\n</a>\n`

  it('does not touch it unless asked to', () => {
    expect(document.parse(xml)).toEqual({ written: 'x', read: 'y', kept: '' })
    expect(document.format(document.parse(xml))).toBe(xml)
  })

  it('may be to forget it in reading, in writing, or for its content', () => {
    expect(document.parse(xml, compat)).toEqual({ read: 'y', always: 0 })
    expect(document.format({ written: 'x', read: 'y' }, compat)).toBe(
      '<a>\n  <written>x</written>\n  <always>0</always>\n</a>\n',
    )
  })
})
