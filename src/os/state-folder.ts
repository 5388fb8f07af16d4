import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { posix } from 'node:path'
import { VirtError } from '../errors.js'
import type { LockHolder } from './lock.js'
import { type HeldLocks, Locks } from './locks.js'

/**
 * A private folder of small files that last until the host is rebooted: journals, records, locks. It is made, for its
 * owner alone, when something is first put there. Nothing is flushed to a disk, since a killed process loses nothing
 * that it has written, and what a crash of the kernel would lose has no meaning after it.
 *
 * Writing rejects with `unsupported` when there is no place for the folder, `access-denied` when somebody else made it,
 * and `system` with the errno.
 */
export class StateFolder {
  readonly #path: string | undefined
  readonly #locks: Locks

  /** Without a path nothing can be kept, and nothing is there. */
  constructor(path: string | undefined) {
    this.#path = path
    this.#locks = new Locks((name) => this.#file(name))
  }

  /** That of this machine: /run/hostdev for root, $XDG_RUNTIME_DIR/hostdev for others. */
  static ofThisMachine(): StateFolder {
    if (process.geteuid?.() === 0) return new StateFolder('/run/hostdev')
    const { XDG_RUNTIME_DIR: folder } = process.env
    return new StateFolder(folder ? posix.join(folder, 'hostdev') : undefined)
  }

  /** Names of the files that are there; none while there is no folder. */
  names(): string[] {
    return this.#path === undefined ? [] : (orAbsent(() => readdirSync(this.#ownPath())) ?? [])
  }

  /** Text of a file; `undefined` when there is none. */
  read(name: string): string | undefined {
    return this.#path === undefined ? undefined : orAbsent(() => readFileSync(this.#file(name), 'utf8'))
  }

  /** Path of a file, for what else edits it. */
  pathOf(name: string): string {
    return this.#file(name)
  }

  /** Adds to the end of a file, at once or not at all. */
  append(name: string, text: string): void {
    this.#make()
    answer(() => appendFileSync(this.#file(name), text, { mode: 0o600 }))
  }

  /** Puts a text in place of a file: who reads it sees the old or the new one, whole. */
  replace(name: string, text: string): void {
    this.#make()
    const file = this.#file(name)
    answer(() => {
      writeFileSync(`${file}.new`, text, { mode: 0o600 })
      renameSync(`${file}.new`, file)
    })
  }

  remove(name: string): void {
    answer(() => rmSync(this.#file(name), { force: true }))
  }

  /**
   * Takes the locks of these names, all of them or none: answers which of them somebody else has, and who.
   *
   * @param what - what the holder is said to do
   */
  async lock(
    names: readonly string[],
    what: string,
  ): Promise<HeldLocks | { name: string; heldBy: LockHolder | undefined }> {
    this.#make()
    return await this.#locks.take(names, what)
  }

  #ownPath(): string {
    if (this.#path !== undefined) return this.#path
    throw new VirtError(
      'unsupported',
      'changes of this host have no place for their journal: set XDG_RUNTIME_DIR, or be root',
    )
  }

  #file(name: string): string {
    if (!/^[\w@-][\w:.@-]{0,200}$/.test(name))
      throw new VirtError('internal', `${JSON.stringify(name)} cannot be the name of a file`)
    return posix.join(this.#ownPath(), name)
  }

  #make(): void {
    const path = this.#ownPath()
    answer(() => {
      try {
        mkdirSync(path, { mode: 0o700 })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const stats = lstatSync(path)
      if (!stats.isDirectory() || stats.uid !== process.geteuid?.() || (stats.mode & 0o077) !== 0)
        throw new VirtError(
          'access-denied',
          `${path} is not a folder that belongs to this user alone: remove it, or take its other rights away`,
          { path },
        )
    })
  }
}

const orAbsent = <T>(read: () => T): T | undefined =>
  answer(() => {
    try {
      return read()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  })

function answer<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    const { code: errno, path, message } = error as NodeJS.ErrnoException
    if (VirtError.is(error) || errno === undefined) throw error
    throw new VirtError('system', `${path ?? 'the folder of the journal'} cannot be used: ${message}`, {
      errno,
      ...(path === undefined ? {} : { path }),
      cause: error,
    })
  }
}
