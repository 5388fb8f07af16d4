import { type Answer, Denied, type FileStat, type HostFiles, mostLinks } from './host-files.js'

/**
 * What stands at a path: the text or bytes of a file, with the size it declares when that is another, a symbolic link,
 * an empty folder, a device node, or a file that is there but cannot be read.
 */
export type MemoryFile =
  | string
  | Uint8Array
  | { readonly content: string | Uint8Array; readonly size: number }
  | { readonly link: string }
  | { readonly kind: 'directory' | 'block' | 'char' | 'other' }
  | { readonly errno: string; readonly mode?: number }

/** A host's files by their absolute paths; the folders above them need not be named. */
export type MemoryTree = Readonly<Record<string, MemoryFile>> | Iterable<readonly [path: string, file: MemoryFile]>

type Folder = Map<string, Entry>
interface Entry {
  readonly inode: number
  readonly content: MemoryFile | Folder
}

const encoder = new TextEncoder()
const folderStat = { kind: 'directory', size: 0, mode: 0o755 } as const

/** A host made up for a test, or one that was recorded. Runs anywhere, and can be changed while it is read. */
export class MemoryFiles implements HostFiles {
  readonly #root: Entry = { inode: 1, content: new Map() }
  #inodes = 1

  constructor(tree: MemoryTree = {}) {
    for (const [path, file] of Symbol.iterator in tree ? tree : Object.entries(tree)) this.set(path, file)
  }

  /** Puts a file in place of what was at its path. Links on the way to it are not followed. */
  set(path: string, file: MemoryFile): void {
    const steps = stepsOf(path)
    const last = steps.pop()
    let folder = this.#root.content as Folder
    for (const step of steps) {
      const known = folder.get(step)?.content
      const next: Folder = known instanceof Map ? known : new Map()
      if (next !== known) folder.set(step, this.#entry(next))
      folder = next
    }
    const content = typeof file === 'object' && 'kind' in file && file.kind === 'directory' ? new Map() : file
    if (last !== undefined && !(content instanceof Map && folder.get(last)?.content instanceof Map))
      folder.set(last, this.#entry(content))
  }

  /** Takes away what is at a path, with all below it: a device is unplugged. */
  delete(path: string): void {
    const steps = stepsOf(path)
    const last = steps.pop()
    let folder: MemoryFile | Folder | undefined = this.#root.content
    for (const step of steps) folder = folder instanceof Map ? folder.get(step)?.content : undefined
    if (folder instanceof Map && last !== undefined) folder.delete(last)
  }

  list(path: string): Answer<string[]> {
    const found = this.#find(path, true)
    if (found instanceof Denied) return found
    return found.entry.content instanceof Map ? [...found.entry.content.keys()] : new Denied('ENOTDIR', path)
  }

  link(path: string): Answer<string> {
    const found = this.#find(path, false)
    if (found instanceof Denied) return found
    return linkOf(found.entry) ?? new Denied('EINVAL', path)
  }

  real(path: string): Answer<string> {
    const found = this.#find(path, true)
    return found instanceof Denied ? found : `/${found.steps.join('/')}`
  }

  stat(path: string): Answer<FileStat> {
    const found = this.#find(path, false)
    return found instanceof Denied ? found : { ...statOf(found.entry), inode: found.entry.inode }
  }

  bytes(path: string, max = 4096, from = 0): Answer<Uint8Array> {
    const found = this.#find(path, true)
    if (found instanceof Denied) return found
    const content = contentOf(found.entry)
    if (content instanceof Map) return new Denied('EISDIR', path)
    if (typeof content === 'string') return encoder.encode(content).subarray(from, from + max)
    if (content instanceof Uint8Array) return content.slice(from, from + max)
    return new Denied('errno' in content ? content.errno : 'ENXIO', path)
  }

  async bytesLater(path: string, max: number, { signal }: { signal?: AbortSignal } = {}): Promise<Answer<Uint8Array>> {
    signal?.throwIfAborted()
    return this.bytes(path, max)
  }

  #entry(content: MemoryFile | Folder): Entry {
    return { inode: ++this.#inodes, content }
  }

  /** What a path leads to, and where that is; `follow` a link that is the last step, too. */
  #find(path: string, follow: boolean): Answer<{ entry: Entry; steps: string[] }> {
    const open = stepsOf(path).reverse()
    let trail: { name: string; entry: Entry }[] = []
    const last = () => trail.at(-1)?.entry ?? this.#root
    for (let links = 0; open.length > 0; ) {
      const step = open.pop() as string
      const { content } = last()
      if (!(content instanceof Map)) return new Denied('ENOTDIR', path)
      if (step === '..') {
        trail.pop()
        continue
      }
      const entry = content.get(step)
      if (!entry) return new Denied('ENOENT', path)
      const target = linkOf(entry)
      if (target === undefined || (open.length === 0 && !follow)) {
        trail.push({ name: step, entry })
        continue
      }
      if (++links > mostLinks) return new Denied('ELOOP', path)
      if (target.startsWith('/')) trail = []
      open.push(...stepsOf(target).reverse())
    }
    return { entry: last(), steps: trail.map(({ name }) => name) }
  }
}

const stepsOf = (path: string): string[] => path.split('/').filter((step) => step !== '' && step !== '.')

/** What reading a file gives, whatever size it declares. */
const contentOf = ({ content }: Entry) =>
  typeof content === 'object' && 'content' in content ? content.content : content

const linkOf = ({ content }: Entry): string | undefined =>
  typeof content === 'object' && 'link' in content ? content.link : undefined

function statOf({ content }: Entry): Omit<FileStat, 'inode'> {
  if (content instanceof Map) return folderStat
  if (typeof content === 'string') return { kind: 'file', size: encoder.encode(content).length, mode: 0o644 }
  if (content instanceof Uint8Array) return { kind: 'file', size: content.length, mode: 0o644 }
  if ('content' in content) return { kind: 'file', size: content.size, mode: 0o644 }
  if ('link' in content) return { kind: 'link', size: content.link.length, mode: 0o777 }
  if ('errno' in content) return { kind: 'file', size: 4096, mode: content.mode ?? 0 }
  return { kind: content.kind, size: 0, mode: 0o600 }
}
