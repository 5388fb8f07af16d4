import { describe, expect, it } from 'vitest'
import { cut, printable, wordList } from '../../src/cli/terminal.js'

describe('printable', () => {
  it.each([
    ['\u001b[31mred', '\\x1b[31mred'],
    ['a\nb', 'a\\x0ab'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['Größe "2"', 'Größe "2"'],
  ])('shows %j as %j', (text, shown) => {
    expect(printable(text)).toBe(shown)
  })
})

describe('cut', () => {
  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 4, 'abc…'],
    ['abcdef', 0, ''],
  ])('makes %j fit %i columns', (text, columns, shown) => {
    expect(cut(text, columns)).toBe(shown)
  })
})

describe('wordList', () => {
  it.each([
    [['ab', 'cd', 'ef'], 7, ['ab, cd,', 'ef']],
    [['ab', 'cd', 'ef'], 80, ['ab, cd, ef']],
    [['abcdefghij', 'k'], 4, ['abcdefghij,', 'k']],
    [[], 4, []],
  ])('puts %j into lines of %i columns', (words, columns, lines) => {
    expect(wordList(words, columns)).toEqual(lines)
  })
})
