import { VirtError } from '../errors.js'
import type { XmlSink } from './sink.js'

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&apos;',
  '"': '&quot;',
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
}
/** As deep as documents are read, unless told. */
const deepest = 256
const indents = Array.from({ length: deepest + 1 }, (_, depth) => '  '.repeat(depth))
const plain = /^[ !#-%(-;=?-~]*$/
// XML 1.0 section 2.2: what no document can hold, not even as a reference
const forbidden =
  /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Where a value stands, for the message that it cannot. */
type At = Pick<XmlSink, 'path'>

/** Text that XML can hold. @throws VirtError `invalid-argument` */
export function checkCharacters(value: string, at: At): void {
  const bad = forbidden.exec(value)
  if (!bad) return
  const code = value.charCodeAt(bad.index).toString(16).toUpperCase().padStart(4, '0')
  const { path } = at
  throw new VirtError('invalid-argument', `${path} holds U+${code}, which XML cannot say; remove it`, { path })
}

function escaped(value: string, special: RegExp, at: At): string {
  if (plain.test(value)) return value
  checkCharacters(value, at)
  return value.replace(special, (character) => entities[character] ?? character)
}

/** An attribute's value between single quotes. @throws VirtError `invalid-argument` for what XML cannot hold */
export const quoted = (value: string, at: At): string => `'${escaped(value, /[&<>'"\r\n\t]/g, at)}'`

/** Text between tags. @throws VirtError `invalid-argument` for what XML cannot hold */
export const escapedText = (value: string, at: At): string => escaped(value, /[&<>'"\r]/g, at)

/**
 * Writes text as libvirt does (src/util/virbuffer.c): single quotes, two blanks a level, its five entities. Line
 * breaks and tabs in attributes, and carriage returns anywhere, become references, because a parser would lose them.
 */
export class XmlWriter implements XmlSink {
  #out = ''
  /** Open elements, outermost first. */
  readonly #names: string[] = []
  /** Whether the start tag of the innermost one still lacks its `>`. */
  #inTag = false
  /** Depth of the outermost element that holds text of its own: inside it, no white space may be added. */
  #textFrom = Number.POSITIVE_INFINITY

  get path(): string {
    return `/${this.#names.join('/')}`
  }

  open(name: string): void {
    if (this.#names.length >= deepest)
      throw new VirtError('limit-exceeded', `${this.path.slice(0, 200)}… is more than ${deepest} levels deep`)
    this.#endTag()
    this.#out += `${this.#indent()}<${name}`
    this.#names.push(name)
    this.#inTag = true
  }

  attribute(name: string, value: string): void {
    this.#out += ` ${name}=${quoted(value, this)}`
  }

  text(value: string): void {
    if (this.#inTag) this.#out += '>'
    this.#inTag = false
    this.#textFrom = Math.min(this.#textFrom, this.#names.length)
    this.#out += escapedText(value, this)
  }

  close(gap = false): void {
    const depth = this.#names.length
    const name = this.#names.pop()
    if (this.#inTag) this.#out += gap ? ' />' : '/>'
    else this.#out += `${depth >= this.#textFrom ? '' : this.#indent()}</${name}>`
    this.#inTag = false
    if (depth <= this.#textFrom) this.#textFrom = Number.POSITIVE_INFINITY
    if (this.#names.length < this.#textFrom) this.#out += '\n'
  }

  /** All that was written. */
  toString(): string {
    return this.#out
  }

  #endTag(): void {
    if (!this.#inTag) return
    this.#inTag = false
    this.#out += this.#names.length >= this.#textFrom ? '>' : '>\n'
  }

  #indent(): string {
    const depth = this.#names.length
    return depth >= this.#textFrom ? '' : (indents[depth] ?? '')
  }
}
