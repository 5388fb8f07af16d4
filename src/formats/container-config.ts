import { VirtError } from '../errors.js'

/** More than any container's config has, and little enough that reading and editing it takes no time. */
const maxLength = 1 << 20

/**
 * A container's config (`/etc/vz/conf/101.conf`), read and edited in place: every line that is not meant stays as it
 * is, byte for byte, comments and order included.
 *
 * The file is what both generations of vzctl make of it and, when the container starts, a shell too. So what is read
 * is lenient, and what is written is plain: words that a shell would not take for themselves are refused.
 */
export class ContainerConfig {
  #lines: string[]

  /**
   * @throws VirtError `invalid-argument` for a text with NUL in it, which is no config; `limit-exceeded` for more than
   * 1 MB
   */
  constructor(text: string) {
    if (text.length > maxLength)
      throw new VirtError(
        'limit-exceeded',
        'the container config is longer than 1 MB; see whether it is the right file',
      )
    if (text.includes('\0')) throw new VirtError('invalid-argument', 'the container config holds NUL; it is damaged')
    this.#lines = text.split('\n')
  }

  /** The value of a setting; of several lines the last, as a shell reads them. */
  get(key: string): string | undefined {
    const line = this.#lines.filter((each) => keyOf(each) === key).at(-1)
    return line === undefined ? undefined : valueIn(line)
  }

  /** Every word of a list; vzctl 4 adds up the lines of one key. */
  words(key: string): string[] {
    const parts = key === 'NETIF' ? /;/ : /[\s,]+/
    const values = this.#lines.filter((line) => keyOf(line) === key).map(valueIn)
    return values.flatMap((value) => value.split(parts)).filter((word) => word !== '')
  }

  /**
   * Puts words in place of a list's. The line that has it is changed; others of the same key, which vzctl 4 would add
   * to it and vzctl 9 and a shell would prefer, go. A list that is emptied stays, as `KEY=""`.
   *
   * @throws VirtError `config-unsupported` for a word that stands there and is no name
   */
  setWords(key: string, words: readonly string[]): void {
    const plain = key === 'NETIF' ? /^[\w.:,=@-]+$/ : /^[\w.:/+@-]+$/
    const odd = words.find((word) => !plain.test(word))
    if (odd !== undefined)
      throw new VirtError(
        'config-unsupported',
        `the container config has ${JSON.stringify(odd.slice(0, 100))} in ${key}, which a shell would not read as a name; mend the line by hand`,
      )
    const value = joined(key, words)
    const at = this.#lines.findIndex((line) => keyOf(line) === key)
    if (at < 0) {
      if (words.length > 0) this.#append(`${key}="${value}"`)
      return
    }
    this.#lines[at] = replaced(this.#lines[at] as string, key, value)
    this.#lines = this.#lines.filter((line, n) => n <= at || keyOf(line) !== key)
  }

  /** Has a word in a list, in place of one that means the same device; what is there already stays as it is. */
  put({ key, word }: ConfigWord): void {
    if (this.has({ key, word })) return
    const words = this.words(key)
    const at = words.findIndex((each) => meaningOf(key, each) === meaningOf(key, word))
    if (at < 0) words.push(word)
    else words[at] = word
    this.setWords(key, words)
  }

  /** Has no word in a list that means that device. */
  drop({ key, word }: ConfigWord): void {
    const words = this.words(key)
    const kept = words.filter((each) => meaningOf(key, each) !== meaningOf(key, word))
    if (kept.length < words.length) this.setWords(key, kept)
  }

  /** Whether a list has a word that means that device; one that gives it with no rights does not. */
  has({ key, word }: ConfigWord): boolean {
    return this.words(key).some((each) => meaningOf(key, each) === meaningOf(key, word) && !each.endsWith(':none'))
  }

  toString(): string {
    return this.#lines.join('\n')
  }

  #append(line: string): void {
    // a file without a final line break would have the new line joined to its last one
    if (this.#lines.at(-1) !== '') this.#lines.push('')
    const ending = this.#lines[0]?.endsWith('\r') ? '\r' : ''
    this.#lines.splice(this.#lines.length - 1, 0, line + ending)
  }
}

/** A word of one of the lists by which a container is given devices. Plain JSON. */
export interface ConfigWord {
  /** NETDEV, NETIF, DEVNODES, DEVICES or PCI. */
  readonly key: string
  readonly word: string
}

const assignment = /^[ \t]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s

const keyOf = (line: string): string | undefined => assignment.exec(line)?.[1]

/** What stands behind the equals sign, without quotes and the comment behind it. */
function valueIn(line: string): string {
  const text = (assignment.exec(line)?.[2] ?? '').replace(/\r$/, '')
  const quoted = /^(["'])(.*?)\1/.exec(text)
  return (quoted ? (quoted[2] as string) : (text.split('#', 1)[0] as string)).replaceAll('\\', '').trim()
}

/** The line with another value: its indent, its comment and its carriage return stay. */
function replaced(line: string, key: string, value: string): string {
  const indent = /^[ \t]*/.exec(line)?.[0] ?? ''
  const rest = assignment.exec(line)?.[2] ?? ''
  const ending = rest.endsWith('\r') ? '\r' : ''
  return `${indent}${key}="${value}"${commentOf(rest.slice(0, rest.length - ending.length))}${ending}`
}

/** The comment behind a value, with the blanks before it; without blanks a `#` begins none. */
function commentOf(rest: string): string {
  const quoted = /^(?:"[^"]*"|'[^']*')/.exec(rest)?.[0] ?? ''
  const hash = rest.indexOf('#', quoted.length)
  if (hash < 0) return ''
  const before = rest.slice(quoted.length, hash)
  const value = before.trimEnd()
  const isComment = value.length < before.length && (quoted === '' ? !/["']/.test(value) : value === '')
  return isComment ? rest.slice(quoted.length + value.length) : ''
}

/** As vzctl writes it: an entry of the lists of devices has a blank behind it, the last one too. */
function joined(key: string, words: readonly string[]): string {
  if (key === 'DEVNODES' || key === 'DEVICES') return words.map((word) => `${word} `).join('')
  return words.join(key === 'NETIF' ? ';' : ' ')
}

/** What tells entries of a list apart: not the rights that they give, and of a pair of interfaces the name inside. */
function meaningOf(key: string, word: string): string {
  if (key === 'NETIF') return fieldsOf(word).get('ifname') ?? word
  return key === 'DEVNODES' || key === 'DEVICES' ? word.replace(/:[^:]*$/, '') : word
}

/** The fields of an entry of NETIF: `ifname=eth0,mac=…,host_ifname=veth101.0`. */
export const fieldsOf = (entry: string): ReadonlyMap<string, string> =>
  new Map(entry.split(',').map((field) => field.split(/=(.*)/s, 2) as [string, string]))
