import { describe, expect, it } from 'vitest'
import type { Codec } from '../../src/xml/codec.js'
import { documentOf, type ReadOptions } from '../../src/xml/document.js'
import { cInt, cUint, unlessNegative } from '../../src/xml/number.js'
import { attr, body, content, flag, leaf, many, one, opt, otherwise, ours, repeated, some } from '../../src/xml/row.js'
import { just, table } from '../../src/xml/table.js'
import { str, word } from '../../src/xml/text.js'

const read = <T>(codec: Codec<T>, xml: string, options: ReadOptions = {}) => documentOf('a', codec).parse(xml, options)
const write = <T>(codec: Codec<T>, value: T, options = {}) => documentOf('a', codec).format(value, options)
const problems = <T>(codec: Codec<T>, xml: string) =>
  documentOf('a', codec)
    .validate(xml)
    .map(({ path, problem }) => `${path} ${problem}`)

const everything = table({
  id: attr('@id', cUint()),
  note: opt(attr('@note', str)),
  name: leaf('name', str),
  size: opt(leaf('size', cUint())),
  point: opt(one('point', table({ x: attr('@x', cUint()), y: otherwise(0, attr('@y', cUint())) }))),
  fast: opt(flag("is[@what='fast']")),
  loud: opt(flag("is[@what='loud']")),
  tags: many('tag', content(str)),
  owner: opt(leaf('owner', str)),
  ownerId: opt(attr('owner/@id', cUint())),
  ownerRole: opt(attr('owner/@role', str)),
  weight: opt(attr('load/@weight', cUint())),
})

const document = `<a id='1' note='n'>
  <name>x</name>
  <size>2</size>
  <point x='3' y='4'/>
  <is what='fast'/>
  <tag>p</tag>
  <tag>q</tag>
  <owner id='5' role='r'>me</owner>
  <load weight='6'/>
</a>
`
const def = {
  id: 1,
  note: 'n',
  name: 'x',
  size: 2,
  point: { x: 3, y: 4 },
  fast: true as const,
  tags: ['p', 'q'],
  owner: 'me',
  ownerId: 5,
  ownerRole: 'r',
  weight: 6,
}

describe('a table', () => {
  it('reads each row where it stands', () => {
    expect(read(everything, document)).toEqual(def)
  })

  it('writes each row where it stands', () => {
    expect(write(everything, def)).toBe(document)
  })

  it('leaves out what is optional and absent', () => {
    expect(read(everything, `<a id='1'><name>x</name></a>`)).toEqual({ id: 1, name: 'x', tags: [] })
    expect(write(everything, { id: 1, name: 'x', tags: [] })).toBe(`<a id='1'>\n  <name>x</name>\n</a>\n`)
  })

  it("reads and writes attributes of an element without the element's own row", () => {
    const xml = `<a id='1'>\n  <name>x</name>\n  <owner role='r'/>\n</a>\n`
    const short = { id: 1, name: 'x', tags: [], ownerRole: 'r' }
    expect(read(everything, xml)).toEqual(short)
    expect(write(everything, short)).toBe(xml)
  })

  it('knows those attributes when it reads strictly or checks', () => {
    const xml = `<a id='1'><name>x</name><owner id='5' role='r'>me</owner></a>`
    expect(read(everything, xml, { strict: true })).toMatchObject({ owner: 'me', ownerId: 5 })
    expect(problems(everything, xml)).toEqual([])
  })

  it('reads elements in any order, and the first of those that stand twice', () => {
    expect(read(everything, `<a id='1'><size>2</size><name>x</name><name>y</name></a>`)).toMatchObject({
      name: 'x',
      size: 2,
    })
  })

  it('takes an empty element of text for an absent one', () => {
    expect(read(everything, `<a id='1'><name>x</name><size/></a>`)).not.toHaveProperty('size')
  })

  it('reads elements inside a text as part of it, as XPath does', () => {
    expect(read(everything, `<a id='1'><name>x<y>z</y></name></a>`)).toMatchObject({ name: 'xz' })
  })

  it('takes an element whose text says that there is nothing for an absent one', () => {
    const codec = table({ node: opt(leaf('node', unlessNegative(cInt(10)))) })
    expect([read(codec, '<a><node>-1</node></a>'), read(codec, '<a><node>0</node></a>')]).toEqual([{}, { node: 0 }])
  })

  it('leaves alone what is in a namespace of its own', () => {
    expect(read(everything, `<a id='1'><name xmlns='urn:x'>y</name><name>x</name></a>`).name).toBe('x')
  })

  it.each([
    [`<a><name>x</name></a>`, '/a/@id is missing', 1],
    [`<a id='1'/>`, '/a/name is missing', 1],
    [`<a id='1'><name/></a>`, '/a/name is missing', 1],
    [`<a id='z'><name>x</name></a>`, "/a/@id is 'z', which is not a number of 32 bits", 1],
    [`<a id='1'><name>x</name>\n<size>\nz</size></a>`, "/a/size is '\nz', which is not a number of 32 bits", 2],
    [`<a id='1'><name>x</name><point/></a>`, '/a/point/@x is missing', 1],
    [`<b/>`, '/b is not the root of such a document; <a> is', 1],
    [`<a xmlns='urn:x' id='1'/>`, '/a/@xmlns makes another namespace of the document; remove it, libvirt has none', 1],
  ])('says where a document is wrong: %s', (xml, message, line) => {
    expect(() => read(everything, xml)).toThrow(
      expect.objectContaining({ code: 'xml-invalid', message, details: expect.objectContaining({ line }) }),
    )
  })

  it.each([
    [`<a id='1' zz='1'><name>x</name></a>`, '/a/@zz is not an attribute libvirt knows here'],
    [`<a id='1'><name>x</name><zz/></a>`, '/a/zz is not an element libvirt knows here'],
    [`<a id='1'><name>x</name>y</a>`, '/a holds stray text'],
    [`<a id='1'><name>x</name><name>y</name></a>`, '/a/name[2] stands twice; keep one'],
    [`<a id='1'><name zz='1'>x</name></a>`, '/a/name/@zz is not an attribute libvirt knows here'],
    [`<a id='1'><name>x<zz/></name></a>`, '/a/name/zz is not an element libvirt knows here'],
    [`<a id='1'><name>x</name><is what='fast'>y</is></a>`, '/a/is holds stray text'],
  ])('refuses in strict reading what it otherwise passes over: %s', (xml, message) => {
    expect(read(everything, xml)).toMatchObject({ id: 1, name: 'x', tags: [] })
    expect(() => read(everything, xml, { strict: true })).toThrow(message)
  })

  it.each<[object, string]>([
    [{ name: 'x', tags: [] }, '/a needs a value for id'],
    [{ id: 1, tags: [] }, '/a needs a value for name'],
    [{ id: -1, name: 'x', tags: [] }, '/a/@id cannot be -1, which is not a number of 32 bits'],
    [{ id: 1, name: 'x', size: 'z', tags: [] }, '/a/size cannot be "z", which is not a number of 32 bits'],
    [{ id: 1, name: 5, tags: [] }, '/a/name cannot be 5, which is not text'],
  ])('says what is wrong with a def: %j', (wrong, message) => {
    expect(() => write(everything, wrong as typeof def)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message }),
    )
  })

  it('never lets a document name a property', () => {
    const got = read(everything, `<a id='1' __proto__='x'><name>x</name><__proto__>y</__proto__><constructor/></a>`)
    expect(got).toEqual({ id: 1, name: 'x', tags: [] })
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype)
  })
})

describe('rows', () => {
  it('hold the text of their own element', () => {
    const codec = table({ id: attr('@id', str), value: body(str) })
    expect(write(codec, read(codec, `<a id='1'>x</a>`))).toBe(`<a id='1'>x</a>\n`)
    expect(read(codec, `<a id='1'/>`)).toEqual({ id: '1', value: '' })
  })

  it('may stand for one value alone', () => {
    const codec = just(leaf('name', str))
    expect(read(codec, '<a><name>x</name></a>')).toBe('x')
    expect(write(codec, 'x')).toBe('<a>\n  <name>x</name>\n</a>\n')
  })

  it('may have a value where the element has none', () => {
    const codec = table({ id: otherwise(7, attr('@id', cUint())) })
    expect([read(codec, '<a/>'), write(codec, {} as { id: number })]).toEqual([{ id: 7 }, `<a id='7'/>\n`])
  })

  it('may have to be there at least once', () => {
    const codec = table({ tags: some('tag', content(str)) })
    expect(read(codec, '<a><tag>x</tag></a>')).toEqual({ tags: ['x'] })
    expect(() => read(codec, '<a/>')).toThrow('/a/tag is missing')
  })

  it('may stand several times, of which the last counts', () => {
    const codec = table({ tag: repeated(leaf('tag', str), 'last') })
    const xml = '<a><tag>x</tag><tag>y</tag></a>'
    expect([read(codec, xml), read(codec, xml, { strict: true }), problems(codec, xml)]).toEqual([
      { tag: 'y' },
      { tag: 'y' },
      [],
    ])
  })

  it("may be the library's own, which compat neither reads nor writes", () => {
    const codec = table({ tag: ours(leaf('tag', str)) })
    const xml = '<a>\n  <tag>x</tag>\n</a>\n'
    expect([read(codec, xml), read(codec, xml, { compat: true })]).toEqual([{ tag: 'x' }, {}])
    expect([write(codec, { tag: 'x' }), write(codec, { tag: 'x' }, { compat: true })]).toEqual([xml, '<a/>\n'])
    expect(problems(codec, xml)).toEqual(['/a/tag is not in the schema here'])
  })

  it('leave a gap in an empty element where libvirt does', () => {
    const codec = table({ id: one('id', table({ name: opt(body(str)) }), { gap: true }) })
    expect([write(codec, { id: {} }), write(codec, { id: { name: 'x' } })]).toEqual([
      '<a>\n  <id />\n</a>\n',
      '<a>\n  <id>x</id>\n</a>\n',
    ])
  })
})

describe('validation', () => {
  const arranged = table({
    id: attr('@id', word('1', '2')),
    first: leaf('first', str),
    second: opt(leaf('second', str)),
    cap: opt(repeated(flag("link[@of='cap']"))),
    sta: opt(repeated(flag("link[@of='sta']"))),
  })

  it.each([
    [`<a id='1'><first/></a>`, []],
    [`<a id='1'><first/><second/></a>`, []],
    [`<a id='1'><first/><link of='sta'/><link of='cap'/><link of='sta'/></a>`, []],
    [`<a id='1'><second/><first/></a>`, ['/a/first stands in the wrong order']],
    [`<a id='1'><first/><first/></a>`, ['/a/first[2] stands twice']],
    [`<a id='3'><first/></a>`, ["/a/@id is '3', which is not 1 or 2"]],
    [`<a><second/></a>`, ['/a/@id is missing', '/a/first is missing']],
    [
      `<a id='1' zz='1'><first/><zz/></a>`,
      ['/a/@zz is not an attribute libvirt knows here', '/a/zz is not in the schema here'],
    ],
    [
      `<a id='1'>x<first y='1'><z/></first></a>`,
      [
        '/a holds stray text',
        '/a/first/@y is not an attribute libvirt knows here',
        '/a/first/z is not an element libvirt knows here',
      ],
    ],
    ['<b/>', ['/b is not the root of such a document; <a> is']],
  ])('finds what departs from the schema: %s', (xml, found) => {
    expect(problems(arranged, xml)).toEqual(found)
  })

  it('lets the order be free, or free but for a group', () => {
    const rows = { first: leaf('first', str), second: leaf('second', str), third: leaf('third', str) }
    const xml = '<a><second/><third/><first/></a>'
    expect(problems(table(rows, { order: 'any' }), xml)).toEqual([])
    expect(problems(table(rows, { order: 'any', together: ['first', 'second'] }), xml)).toEqual([
      '/a/first stands apart from first and second',
    ])
  })

  it('passes over what the schema has and the parser forgets', () => {
    const codec = table(
      { first: leaf('first', str) },
      { forgotten: { old: 'unchecked', '@was': attr('@was', cUint()) } },
    )
    expect(problems(codec, `<a was='1'><first/><old x='y'/></a>`)).toEqual([])
    expect(problems(codec, `<a was='x'><first/></a>`)).toEqual([expect.stringContaining(`/a/@was is 'x'`)])
    expect(read(codec, `<a was='x'><first>x</first><old/></a>`, { strict: true })).toEqual({ first: 'x' })
  })

  it('ends after a hundred findings', () => {
    expect(problems(arranged, `<a id='1'><first/>${'<zz/>'.repeat(100_000)}</a>`)).toHaveLength(100)
  })
})

describe('the JSON Schema of a table', () => {
  it('says what its defs are', () => {
    expect(everything.schema()).toMatchObject({
      type: 'object',
      required: ['id', 'name', 'tags'],
      additionalProperties: false,
      properties: {
        id: { type: 'integer', minimum: 0, maximum: 0xffff_ffff },
        name: { type: 'string', minLength: 1 },
        tags: { type: 'array', items: { type: 'string' } },
        fast: { const: true },
      },
    })
  })
})
