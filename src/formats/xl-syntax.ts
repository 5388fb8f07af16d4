import { errorDomains, VirtError } from '../errors.js'

/** A value in an xl.cfg, with where it stands in the text: from `start` up to `end`. */
export type XlNode = XlAtom | XlList

/** A string or a number; both are text to xl. */
export interface XlAtom {
  readonly kind: 'atom'
  readonly value: string
  readonly start: number
  readonly end: number
}

/** A list in brackets. */
export interface XlList {
  readonly kind: 'list'
  readonly items: readonly XlItem[]
  readonly start: number
  readonly end: number
}

/** An item of a list, and where the comma behind it stands, if there is one. */
export interface XlItem {
  readonly node: XlNode
  readonly comma?: number
}

/** `key = value`, or `key += value`, which adds to what stood before. */
export interface XlSetting {
  readonly key: string
  readonly adds: boolean
  readonly value: XlNode
  readonly start: number
  readonly end: number
  readonly line: number
}

type TokenKind = 'word' | 'number' | 'string' | 'newline' | 'mark' | 'end'

interface Token {
  readonly kind: TokenKind
  readonly text: string
  readonly start: number
  readonly end: number
  readonly line: number
}

/** More than any domain's configuration has, and little enough that reading it takes no time. */
const maxLength = 1 << 20
const maxDepth = 32

const blanks = /[ \t]*(?:#[^\n]*)?/y

/** xl's tokens (tools/libs/util/libxlu_cfg_l.l); a name has small letters only. */
const token = /[a-z][_0-9a-z]*|[0-9][0-9a-fx]*|"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'|\n|\+=|[[\],;=]/y

function kindOf(first: string): TokenKind {
  if (first === '\n') return 'newline'
  if (first === '"' || first === "'") return 'string'
  if (first >= 'a' && first <= 'z') return 'word'
  return first >= '0' && first <= '9' ? 'number' : 'mark'
}

function* tokensOf(text: string): Generator<Token, Token> {
  const [skip, scan] = [new RegExp(blanks), new RegExp(token)]
  for (let line = 1; ; ) {
    skip.lastIndex = scan.lastIndex
    skip.test(text)
    const start = skip.lastIndex
    if (start === text.length) return { kind: 'end', text: '', start, end: start, line }
    scan.lastIndex = start
    const found = scan.exec(text)?.[0]
    if (found === undefined) throw wrong(line, strange(text.slice(start, start + 1)))
    const kind = kindOf(found.slice(0, 1))
    yield { kind, text: found, start, end: scan.lastIndex, line }
    if (kind === 'newline') line++
  }
}

function strange(character: string): string {
  const what = kindOf(character) === 'string' ? 'a string that is left open' : JSON.stringify(character)
  return `has ${what}, which xl does not read; ${
    character === '\r' ? 'end lines as Unix does' : 'write key = "value", with a key of small letters'
  }`
}

/** The error for a line that xl would refuse. */
const wrong = (line: number, problem: string): VirtError =>
  new VirtError('invalid-argument', `line ${line} of the xl.cfg ${problem}`, { line, errorDomain: errorDomains.conf })

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
}

const unquoted = ({ text, line }: Token): string =>
  text.slice(1, -1).replace(/\\(.)/gs, (whole, letter: string) => {
    const meant = escapes[letter]
    if (meant !== undefined) return meant
    // libxlutil 4.17 refuses hexadecimal escapes and loses octal ones
    throw wrong(line, `has ${whole} in a string, which xl does not read; write the character itself`)
  })

const letters = new Map(Object.entries(escapes).map(([letter, meant]) => [meant, `\\${letter}`]))

/** A string in quotes, which xl reads as exactly this text. @throws VirtError `config-unsupported` for NUL */
export function quoteXl(text: string): string {
  if (text.includes('\0') || /\p{Surrogate}/u.test(text))
    throw new VirtError(
      'config-unsupported',
      `${JSON.stringify(text.slice(0, 100))} holds NUL or half a character, which no xl.cfg can; remove it`,
      {
        errorDomain: errorDomains.conf,
      },
    )
  return `"${text.replace(/[\x07-\r"\\]/g, (character) => letters.get(character) ?? character)}"`
}

/** Reads tokens by xl's grammar (tools/libs/util/libxlu_cfg_y.y). */
class Parser {
  readonly #tokens: Iterator<Token, Token>
  #token: Token

  constructor(text: string) {
    this.#tokens = tokensOf(text)
    this.#token = this.#tokens.next().value
  }

  settings(): XlSetting[] {
    const settings: XlSetting[] = []
    while (this.#token.kind !== 'end') {
      if (this.#token.kind === 'newline' || this.#token.text === ';') this.#next()
      else settings.push(this.#setting())
    }
    return settings
  }

  #setting(): XlSetting {
    const { text: key, start, line } = this.#expect(({ kind }) => kind === 'word', 'the name of a setting')
    const operator = this.#expect(({ text }) => text === '=' || text === '+=', `= after ${key}`)
    const value = this.#value(0)
    if (this.#token.kind !== 'newline' && this.#token.kind !== 'end' && this.#token.text !== ';')
      throw this.#unexpected('the end of the line')
    return { key, adds: operator.text === '+=', value, start, end: value.end, line }
  }

  #value(depth: number): XlNode {
    const token = this.#expect(
      ({ kind, text }) => kind === 'string' || kind === 'number' || text === '[',
      'a string in quotes, a number or a list',
    )
    const { kind, text, start, end } = token
    if (kind !== 'mark') return { kind: 'atom', value: kind === 'string' ? unquoted(token) : text, start, end }
    if (depth === maxDepth)
      throw new VirtError('limit-exceeded', `line ${token.line} of the xl.cfg has too many brackets`)
    return this.#list(start, depth)
  }

  #list(start: number, depth: number): XlList {
    const items: XlItem[] = []
    this.#skipNewlines()
    while (this.#token.text !== ']' || this.#token.kind !== 'mark') {
      const node = this.#value(depth + 1)
      this.#skipNewlines()
      const separator = this.#token
      if (separator.kind === 'mark' && separator.text === ',') {
        items.push({ node, comma: separator.start })
        this.#next()
        this.#skipNewlines()
      } else {
        items.push({ node })
        if (separator.text !== ']') throw this.#unexpected('a comma or ]')
      }
    }
    return { kind: 'list', items, start, end: this.#next().end }
  }

  #skipNewlines(): void {
    while (this.#token.kind === 'newline') this.#next()
  }

  #next(): Token {
    const token = this.#token
    this.#token = this.#tokens.next().value
    return token
  }

  #expect(fits: (token: Token) => boolean, what: string): Token {
    if (this.#token.kind === 'end' || !fits(this.#token)) throw this.#unexpected(what)
    return this.#next()
  }

  #unexpected(what: string): VirtError {
    const { kind, text, line } = this.#token
    const found = kind === 'end' ? 'ends' : `has ${kind === 'newline' ? 'its end' : JSON.stringify(text.slice(0, 50))}`
    return wrong(line, `${found} where ${what} belongs`)
  }
}

/**
 * The settings of an xl.cfg in their order, with where each stands.
 *
 * @throws VirtError `invalid-argument` with the line that xl would refuse, `limit-exceeded` for more than 1 MB of text
 */
export function parseXlSettings(text: string): XlSetting[] {
  if (text.length > maxLength) throw new VirtError('limit-exceeded', 'the xl.cfg is longer than 1 MB')
  return new Parser(text).settings()
}
