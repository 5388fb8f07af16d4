import { describe, expect, it } from 'vitest'
import { matching, name, onOff, openWord, str, type Text, unlessEmpty, word, yesNo } from '../../src/xml/text.js'

const plain = { strict: false, compat: false, warn: () => undefined }
const read = <T>(text: Text<T>, source: string, reading = {}) => text.from(source, { ...plain, ...reading })

describe('texts', () => {
  it.each<[string, Text<unknown>, string, unknown]>([
    ['any text', str, ' x\n', ' x\n'],
    ['the empty text', str, '', ''],
    ['no name', name, '', null],
    ['nothing', unlessEmpty(yesNo), '', null],
    ['text of a shape', matching(/^a+$/, 'letters a'), 'aa', 'aa'],
    ['text of another shape', matching(/^a+$/, 'letters a'), 'ab', undefined],
    ['a word', word('on', 'off'), 'off', 'off'],
    ['a word in capitals', word('on', 'off'), 'OFF', undefined],
    ['a name of Object.prototype', word('on', 'off'), 'constructor', undefined],
    ['yes', yesNo, 'yes', true],
    ['off', onOff, 'off', false],
    ['true', yesNo, 'true', undefined],
  ])('read %s', (_, text, source, value) => {
    expect(read(text, source)).toBe(value)
  })

  it('take a word that only a newer libvirt has, but in strict and compat reading', () => {
    const text = openWord('up', 'down')
    expect(read(text, 'sideways')).toBe('sideways')
    expect(read(text, 'sideways', { strict: true })).toBeUndefined()
    expect(read(text, 'sideways', { compat: true })).toBeUndefined()
    expect(read(text, 'up', { strict: true })).toBe('up')
  })

  it.each<[Text<never>, unknown]>([
    [str as Text<never>, 5],
    [word('on') as Text<never>, 'off'],
    [matching(/^a$/, 'a') as Text<never>, 'b'],
  ])('cannot spell what is no value of theirs', (text, value) => {
    expect(text.to(value as never, { compat: false })).toBeUndefined()
  })
})
