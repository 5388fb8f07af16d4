import { VirtError } from '../errors.js'
import type { HostdevDef } from '../model/hostdev.js'
import { describeHostdev, sameHostDevice } from '../model/hostdev-match.js'
import { formatPciAddress, parsePciAddress } from '../model/pci-address.js'
import { checkDeviceNode, checkInterface, checkPermissions } from './vzctl.js'

/**
 * A container's config (`/etc/vz/conf/101.conf`), read and edited in place: every line that is not meant stays as it
 * is, byte for byte, comments and order included.
 *
 * The file is what both generations of vzctl make of it and, when the container starts, a shell too. So what is read
 * is lenient, and what is written is plain: names that a shell would not take for themselves are refused.
 */
export class ContainerConfig {
  readonly #lines: string[]

  constructor(text: string) {
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
    const values = this.#lines.filter((line) => keyOf(line) === key).map(valueIn)
    return values.flatMap((value) => value.split(/[\s,]+/)).filter((word) => word !== '')
  }

  /**
   * Puts words in place of a list's. The line that has it is changed; others of the same key, which vzctl 4 would add
   * to it and vzctl 9 and a shell would prefer, go. A list that is emptied stays, as `KEY=""`.
   */
  setWords(key: string, words: readonly string[]): void {
    const odd = words.find((word) => !/^[\w.:/+@-]+$/.test(word))
    if (odd !== undefined)
      throw new VirtError(
        'config-unsupported',
        `the container config has ${JSON.stringify(odd.slice(0, 100))} in ${key}, which a shell would not read as a name; mend the line by hand`,
      )
    const value = words.join(' ')
    const at = this.#lines.findIndex((line) => keyOf(line) === key)
    if (at < 0) {
      if (words.length > 0) this.#append(`${key}="${value}"`)
      return
    }
    this.#lines[at] = replaced(this.#lines[at] as string, key, value)
    for (let last = this.#lines.length - 1; last > at; last--)
      if (keyOf(this.#lines[last] as string) === key) this.#lines.splice(last, 1)
  }

  /** The host devices of the container. What it says that is no device is left alone. */
  hostdevs(): HostdevDef[] {
    return [
      ...this.words('NETDEV').map((name): HostdevDef => ({ kind: 'net', source: { interface: name } })),
      ...this.words('DEVNODES').flatMap(nodeOf),
      ...this.words('PCI').flatMap((word): HostdevDef[] => {
        const address = parsePciAddress(word)
        return address ? [{ kind: 'pci', managed: false, source: { address } }] : []
      }),
    ]
  }

  /** Adds a host device; one that is there already stays where it is. @throws VirtError for what OpenVZ cannot say */
  add(def: HostdevDef, permissions = 'rw'): void {
    const { key, word } = wordOf(def, permissions)
    const kept = this.words(key).filter((each) => nameIn(key, each) !== nameIn(key, word))
    const before = this.words(key)
    const at = before.findIndex((each) => nameIn(key, each) === nameIn(key, word))
    if (at >= 0) kept.splice(at, 0, word)
    else kept.push(word)
    if (kept.join(' ') !== before.join(' ')) this.setWords(key, kept)
  }

  /** Takes a host device away. @throws VirtError `device-missing` when it is not there */
  remove(def: HostdevDef): void {
    const { key, word } = wordOf(def, 'rw')
    if (!this.hostdevs().some((each) => sameHostDevice(each, def)))
      throw new VirtError('device-missing', `the container config has no ${describeHostdev(def)}`)
    this.setWords(
      key,
      this.words(key).filter((each) => nameIn(key, each) !== nameIn(key, word)),
    )
  }

  toString(): string {
    return this.#lines.join('\n')
  }

  #append(line: string): void {
    // a file without a final line break would have the new line joined to its last one
    if (this.#lines.at(-1) !== '') this.#lines.push('')
    this.#lines.splice(this.#lines.length - 1, 0, line)
  }
}

const assignment = /^[ \t]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s

const keyOf = (line: string): string | undefined => assignment.exec(line)?.[1]

/** What stands behind the equals sign, without quotes and the comment behind it. */
function valueIn(line: string): string {
  const text = (assignment.exec(line)?.[2] ?? '').replace(/\r$/, '')
  const quoted = /^(["'])(.*?)\1/.exec(text)
  return (quoted ? (quoted[2] as string) : text.replace(/\s*#.*$/, '')).replaceAll('\\', '').trim()
}

/** The line with another value: its indent, its comment and its carriage return stay. */
function replaced(line: string, key: string, value: string): string {
  const indent = /^[ \t]*/.exec(line)?.[0] ?? ''
  const rest = assignment.exec(line)?.[2] ?? ''
  const comment = /^(?:"[^"]*"|'[^']*'|[^#"']*?)(\s+#.*?)?(\r?)$/.exec(rest)
  return `${indent}${key}="${value}"${comment?.[1] ?? ''}${comment?.[2] ?? ''}`
}

/** Entries of DEVNODES are `name:permissions`. */
const nameIn = (key: string, word: string): string => (key === 'DEVNODES' ? word.replace(/:[^:]*$/, '') : word)

/** Disks are block devices; what else is below /dev a container sees as a character device. */
const isDisk = (name: string): boolean => /^(sd|vd|xvd|hd|nvme|dm-|md|loop|sr|ploop|mapper\/)/.test(name)

function nodeOf(word: string): HostdevDef[] {
  const name = nameIn('DEVNODES', word)
  if (name === '' || word.endsWith(':none')) return []
  return [
    isDisk(name)
      ? { kind: 'storage', source: { block: `/dev/${name}` } }
      : { kind: 'misc', source: { char: `/dev/${name}` } },
  ]
}

function wordOf(def: HostdevDef, permissions: string): { key: string; word: string } {
  switch (def.kind) {
    case 'net':
      return { key: 'NETDEV', word: checkInterface(def.source.interface) }
    case 'storage':
      return { key: 'DEVNODES', word: `${checkDeviceNode(def.source.block)}:${checkPermissions(permissions)}` }
    case 'misc':
      return { key: 'DEVNODES', word: `${checkDeviceNode(def.source.char)}:${checkPermissions(permissions)}` }
    case 'pci':
      return { key: 'PCI', word: formatPciAddress(def.source.address) }
    default:
      throw new VirtError('config-unsupported', `OpenVZ has no words for ${describeHostdev(def)}`)
  }
}
