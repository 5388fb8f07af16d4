import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { HostFiles } from '../../src/os/host-files.js'
import type { MemoryFile } from '../../src/os/host-files-memory.js'
import { realFiles } from '../../src/os/host-files-real.js'
import type { KernelTree } from './kernel.js'

/** A made-up host in a folder, which outlives the process that changes it and can be shared with others. */
export class FolderTree implements KernelTree {
  readonly #root: string
  readonly #files: HostFiles

  constructor(root: string, files: Iterable<readonly [string, MemoryFile]> = []) {
    mkdirSync(root, { recursive: true })
    this.#root = root
    this.#files = realFiles({ root })
    for (const [path, file] of files) this.set(path, file)
  }

  set(path: string, file: MemoryFile): void {
    const at = join(this.#root, path)
    mkdirSync(dirname(at), { recursive: true })
    if (typeof file === 'object' && 'link' in file) {
      rmSync(at, { force: true })
      symlinkSync(file.link, at)
    } else writeFileSync(at, typeof file === 'string' || file instanceof Uint8Array ? file : '')
  }

  delete(path: string): void {
    rmSync(join(this.#root, path), { recursive: true, force: true })
  }

  readonly list: HostFiles['list'] = (path) => this.#files.list(path)
  readonly link: HostFiles['link'] = (path) => this.#files.link(path)
  readonly real: HostFiles['real'] = (path) => this.#files.real(path)
  readonly stat: HostFiles['stat'] = (path) => this.#files.stat(path)
  readonly bytes: HostFiles['bytes'] = (path, max, from) => this.#files.bytes(path, max, from)
  readonly bytesLater: HostFiles['bytesLater'] = (path, max, options) => this.#files.bytesLater(path, max, options)
}
