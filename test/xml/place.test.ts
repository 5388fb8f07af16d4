import { describe, expect, it } from 'vitest'
import { parseXml } from '../../src/xml/parse.js'
import { isAt, openPlace, place } from '../../src/xml/place.js'
import { XmlWriter } from '../../src/xml/writer.js'

describe('a place', () => {
  it.each([
    ['', {}],
    ['@id', { attribute: 'id' }],
    ['bus', { tag: 'bus' }],
    ['*', { tag: '*' }],
    ['parent/@wwnn', { tag: 'parent', attribute: 'wwnn' }],
    ["link[@validity='cap']", { tag: 'link', where: [{ attribute: 'validity', value: 'cap' }] }],
    ['attr[@name][@value]', { tag: 'attr', where: [{ attribute: 'name' }, { attribute: 'value' }] }],
  ])('is understood: %j', (source, parts) => {
    expect(place(source)).toEqual({ source, where: [], ...parts })
  })

  it.each(['a/b', '/a', "a[@b='c", 'a b'])('is refused when it is none: %j', (source) => {
    expect(() => place(source)).toThrow(TypeError)
  })

  it.each([
    ["a[@b='1']", true],
    ["a[@b='2']", false],
    ['a[@b]', true],
    ['a[@c]', false],
    ["a[@b='1'][@c]", false],
  ])('tells elements of one name apart: %j', (source, is) => {
    expect(isAt(place(source), parseXml(`<a b='1'/>`))).toBe(is)
  })

  it('begins its element with the attributes that tell it', () => {
    const writer = new XmlWriter()
    openPlace(writer, place("a[@b='1'][@c]"))
    writer.close()
    expect(writer.toString()).toBe(`<a b='1'/>\n`)
  })
})
