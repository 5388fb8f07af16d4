import { Denied, type HostFiles } from '../os/host-files.js'

/** Names for numbers, as pci.ids and usb.ids hold them. */
export interface IdNames {
  readonly vendor?: string
  readonly product?: string
}

/** Where distributions put the files; Debian builds libpciaccess for the first. */
const folders = ['/usr/share/misc', '/usr/share/hwdata', '/usr/share'] as const
/** Several times what pci.ids has grown to. */
const largest = 16 * 1024 * 1024

/**
 * A file of vendor and product names: `pci.ids` (pci.ids(5)) or `usb.ids`, which is built alike. It is read when first
 * asked for, as one text in which each question is a search; nothing is taken apart beforehand.
 */
export class IdDatabase {
  readonly #places: readonly HostFiles[]
  readonly #file: string
  #text: string | undefined
  readonly #answers = new Map<number, IdNames>()

  /** @param places hosts of which the first that has the file is asked */
  constructor(places: readonly HostFiles[], file: 'pci.ids' | 'usb.ids') {
    this.#places = places
    this.#file = file
  }

  /** Names of a vendor and of one of its products, as far as they are known. */
  lookup(vendor: number, product: number): IdNames {
    const key = vendor * 0x10000 + product
    let names = this.#answers.get(key)
    if (!names) {
      names = this.#search(hex(vendor), hex(product))
      this.#answers.set(key, names)
    }
    return names
  }

  #search(vendor: string, product: string): IdNames {
    this.#text ??= this.#load()
    const text = this.#text
    const at = text.indexOf(`\n${vendor}  `)
    if (at < 0) return {}
    const section = text.slice(at, sectionEnd(text, at + 1))
    const name = lineFrom(section, 7)
    const device = section.indexOf(`\n\t${product}  `)
    return device < 0 ? { vendor: name } : { vendor: name, product: lineFrom(section, device + 8) }
  }

  #load(): string {
    for (const files of this.#places)
      for (const folder of folders) {
        const bytes = files.bytes(`${folder}/${this.#file}`, largest)
        if (!(bytes instanceof Denied)) return `\n${new TextDecoder().decode(bytes)}`
      }
    return ''
  }
}

const hex = (id: number): string => id.toString(16).padStart(4, '0')

function lineFrom(text: string, at: number): string {
  const end = text.indexOf('\n', at)
  return text.slice(at, end < 0 ? undefined : end)
}

/** Where the lines that belong to a vendor end: before the first that is neither indented nor a comment nor empty. */
function sectionEnd(text: string, from: number): number {
  // an expression passes thousands of lines in a fraction of the time that a loop needs which has just been loaded
  const next = /\n[^\t#\n]/g
  next.lastIndex = from
  return next.exec(text)?.index ?? text.length
}
