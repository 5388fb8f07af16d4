import { type Answer, Denied, type FileStat, type HostFiles } from '../os/host-files.js'
import type { MemoryFile } from '../os/host-files-memory.js'

/** A host's files, which notes every answer it passes on, so that the host can be played back without it. */
export class RecordingFiles implements HostFiles {
  readonly #seen = new Map<string, MemoryFile>()
  /** Sizes that files declare, which for those of sysfs need not be what can be read. */
  readonly #sizes = new Map<string, number>()
  readonly #files: HostFiles

  constructor(files: HostFiles) {
    this.#files = files
  }

  /** What was seen, by path. */
  *seen(): Generator<[path: string, file: MemoryFile]> {
    for (const [path, file] of this.#seen) {
      const size = this.#sizes.get(path)
      const differs =
        size !== undefined && (typeof file === 'string' || file instanceof Uint8Array) && file.length !== size
      yield [path, differs ? { content: file, size } : file]
    }
  }

  list(path: string): Answer<string[]> {
    const names = this.#files.list(path)
    if (names instanceof Denied) this.#denied(path, names)
    else {
      this.#note(this.#place(path), { kind: 'directory' })
      for (const name of names) this.#noteEntry(`${path}/${name}`)
    }
    return names
  }

  link(path: string): Answer<string> {
    const target = this.#files.link(path)
    if (!(target instanceof Denied)) this.#note(this.#place(path), { link: target })
    return target
  }

  real(path: string): Answer<string> {
    return this.#files.real(path)
  }

  stat(path: string): Answer<FileStat> {
    const stat = this.#files.stat(path)
    if (stat instanceof Denied) return stat
    const place = this.#place(path)
    if (stat.kind === 'file') this.#sizes.set(place, stat.size)
    if (this.#seen.has(place)) return stat
    if (stat.kind === 'link') this.link(path)
    else this.#note(place, stat.kind === 'file' ? '' : { kind: stat.kind })
    return stat
  }

  bytes(path: string, max?: number, from?: number): Answer<Uint8Array> {
    const bytes = this.#files.bytes(path, max, from)
    this.#bytes(path, from, bytes)
    return bytes
  }

  async bytesLater(path: string, max: number, options?: { signal?: AbortSignal }): Promise<Answer<Uint8Array>> {
    const bytes = await this.#files.bytesLater(path, max, options)
    this.#bytes(path, 0, bytes)
    return bytes
  }

  /** A name in a folder: what it is, but of a file not what it holds. */
  #noteEntry(path: string): void {
    const place = this.#place(path)
    const stat = this.#seen.has(place) ? undefined : this.#files.stat(path)
    if (stat === undefined || stat instanceof Denied) return
    if (stat.kind === 'link') this.link(path)
    else this.#note(place, stat.kind === 'file' ? '' : { kind: stat.kind })
  }

  #bytes(path: string, from = 0, bytes: Answer<Uint8Array>): void {
    const place = this.#place(path)
    if (bytes instanceof Denied) {
      this.#denied(path, bytes)
      return
    }
    const before = this.#seen.get(place)
    const whole = new Uint8Array(Math.max(from + bytes.length, before instanceof Uint8Array ? before.length : 0))
    if (before instanceof Uint8Array) whole.set(before)
    whole.set(bytes, from)
    this.#note(place, whole)
  }

  /** A file that is there and may not be read is part of what the host is; one that is not there is not. */
  #denied(path: string, { errno }: Denied): void {
    const stat = this.#files.stat(path)
    if (!(stat instanceof Denied) && stat.kind === 'file') this.#note(this.#place(path), { errno, mode: stat.mode })
  }

  #note(path: string, file: MemoryFile): void {
    this.#seen.set(path, file)
  }

  /** The path of the file itself: the links on the way to it are noted as links. */
  #place(path: string): string {
    const cut = path.lastIndexOf('/')
    const folder = path.slice(0, cut)
    const real = folder === '' ? '' : this.#files.real(folder)
    if (real instanceof Denied || real === folder) return path
    this.#noteLinks(folder)
    return `${real}${path.slice(cut)}`
  }

  #noteLinks(folder: string): void {
    for (let cut = folder.indexOf('/', 1); ; cut = folder.indexOf('/', cut + 1)) {
      const step = cut < 0 ? folder : folder.slice(0, cut)
      const target = this.#files.link(step)
      const above = step.slice(0, step.lastIndexOf('/'))
      const real = above === '' ? '' : this.#files.real(above)
      if (!(target instanceof Denied) && !(real instanceof Denied))
        this.#note(`${real}${step.slice(step.lastIndexOf('/'))}`, { link: target })
      if (cut < 0) return
    }
  }
}
