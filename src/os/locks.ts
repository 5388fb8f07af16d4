import { readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { VirtError } from '../errors.js'
import { type FileLock, type LockHolder, lives, readHolder, tryLock } from './lock.js'

/** A file whose flock(2) this process has: what it holds locks by. */
interface Holder {
  readonly name: string
  readonly lock: FileLock
}

/** Who has a lock, and by which holder's file. */
interface Taken extends LockHolder {
  readonly holder: string
}

const prefix = 'lock-holder-'

/** Milliseconds for which a holder without locks is kept for the next ones. */
const idleTime = 5000

/** Characters of what is said to be done that a link keeps, which is no longer than a path. */
const longest = 200

/**
 * Many locks in a folder, without a process for each. A lock is a symbolic link, which is made by one process
 * only, whoever else tries. It points to its holder: a file that this process has locked by flock(2), with the
 * command of that name, and keeps for the locks that follow. A lock is worth what its holder's flock is: when
 * the process dies, and no child lives that has the holder's descriptor, anybody can have that flock, and then
 * the locks that point to it.
 *
 * Every set of locks that are taken together has a holder of its own, so that a child that hangs keeps no other set.
 */
export class Locks {
  readonly #pathOf: (name: string) => string
  readonly #idle: Holder[] = []
  /** Names of the holders that this object has or is about to try. */
  readonly #own = new Set<string>()
  #resting: ReturnType<typeof setTimeout> | undefined

  /** @param pathOf - where in their folder a file of that name is */
  constructor(pathOf: (name: string) => string) {
    this.#pathOf = pathOf
  }

  /** Takes all, or none and answers which of them somebody has, and who. Rejects with `unsupported` without flock. */
  async take(
    names: readonly string[],
    what: string,
  ): Promise<HeldLocks | { name: string; heldBy: LockHolder | undefined }> {
    const holder = this.#idle.pop() ?? (await this.#newHolder())
    const held = new HeldLocks(holder.lock.descriptor, (links, left) => this.#giveBack(holder, links, left))
    try {
      for (const name of names) {
        const link = this.#pathOf(name)
        const heldBy = await this.#point(link, holder, what)
        if (heldBy) {
          held[Symbol.dispose]()
          return { name, heldBy }
        }
        held.add(name, link)
      }
      return held
    } catch (error) {
      held[Symbol.dispose]()
      throw error
    }
  }

  /** Makes a lock point to a holder; answers who has it when somebody has. */
  async #point(link: string, { name }: Holder, what: string): Promise<LockHolder | undefined> {
    for (;;) {
      if (makeLink(`${name} ${process.pid} ${what.slice(0, longest)}`, link)) return undefined
      const taken = readLink(link)
      if (!taken) continue
      if (!this.#own.has(taken.holder)) {
        const lock = await tryLock(this.#pathOf(taken.holder), 'holds locks')
        if (!('heldBy' in lock)) {
          // whoever had it is dead, and its locks go with it
          this.#own.add(taken.holder)
          this.#rest(this.#clean({ name: taken.holder, lock }))
          continue
        }
      }
      const { pid, what: theirs, holder } = readLink(link) ?? {}
      // it may have been let go of in the meantime
      if (holder === taken.holder && pid !== undefined && theirs !== undefined) return { pid, what: theirs }
    }
  }

  /** A holder that nobody else has: one that a dead process has left, or a new one. */
  async #newHolder(): Promise<Holder> {
    for (let number = 0; ; number++) {
      const name = `${prefix}${number}`
      if (this.#own.has(name)) continue
      const path = this.#pathOf(name)
      const other = readHolder(path)
      if (other && lives(other)) continue
      this.#own.add(name)
      try {
        const lock = await tryLock(path, 'holds locks', 1)
        if (!('heldBy' in lock)) return this.#clean({ name, lock })
      } catch (error) {
        this.#own.delete(name)
        throw error
      }
      this.#own.delete(name)
    }
  }

  /** Takes away the locks that point to a holder which nobody had: only who has it may. */
  #clean(holder: Holder): Holder {
    const folder = dirname(this.#pathOf(holder.name))
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const link = join(folder, entry.name)
      if (entry.isSymbolicLink() && targetOf(link)?.startsWith(`${holder.name} `)) rmSync(link, { force: true })
    }
    return holder
  }

  #giveBack(holder: Holder, links: readonly string[], left: boolean): void {
    for (const link of links) rmSync(link, { force: true })
    if (left) this.#close(holder)
    else this.#rest(holder)
  }

  #rest(holder: Holder): void {
    this.#idle.push(holder)
    clearTimeout(this.#resting)
    this.#resting = setTimeout(() => {
      for (const each of this.#idle.splice(0)) this.#close(each)
    }, idleTime)
    this.#resting.unref()
  }

  #close({ name, lock }: Holder): void {
    lock[Symbol.dispose]()
    this.#own.delete(name)
  }
}

/** Locks that are held until this is disposed of; but one that was left is held on by the child that it was left to. */
export class HeldLocks implements Disposable {
  readonly #links = new Map<string, string>()
  readonly #giveBack: (links: readonly string[], left: boolean) => void
  #isHeld = true
  #left = false

  constructor(
    /** Hand it to a child that must not outlive the locks. */
    readonly descriptor: number,
    giveBack: (links: readonly string[], left: boolean) => void,
  ) {
    this.#giveBack = giveBack
  }

  add(name: string, link: string): void {
    this.#links.set(name, link)
  }

  /** Leaves a lock to a child that has the descriptor and may not have ended: it is free when that has. */
  leave(name: string): void {
    if (this.#links.delete(name)) this.#left = true
  }

  [Symbol.dispose](): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#giveBack([...this.#links.values()], this.#left)
  }
}

/** Whether it was made; false when there is one. */
function makeLink(target: string, path: string): boolean {
  try {
    symlinkSync(target, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** What a lock says; `undefined` when it is there no more. */
function readLink(path: string): Taken | undefined {
  const target = targetOf(path)
  if (target === undefined) return undefined
  const [, holder, pid, what] = /^(lock-holder-\d+) (\d+) (.*)$/s.exec(target) ?? []
  if (holder === undefined || what === undefined) throw noLock(path)
  return { holder, pid: Number(pid), what }
}

const noLock = (path: string): VirtError =>
  new VirtError('system', `${path} is no lock, but in the place of one: remove it`, { path })

function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw code === 'EINVAL' ? noLock(path) : error
  }
}
