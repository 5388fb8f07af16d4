import { closeSync, constants, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { VirtError } from '../errors.js'
import { runCommand } from './command.js'

/** Who holds a lock. */
export interface LockHolder {
  /** Process that has taken the lock. It may be dead, and the lock live on in a write that it has left behind. */
  readonly pid: number
  /** What it does. */
  readonly what: string
}

/** A lock that is held. It ends with the process, or with the last child that was given its descriptor. */
export class FileLock implements Disposable {
  #held = true

  constructor(
    /** Hand it to a child that must not outlive the lock. */
    readonly descriptor: number,
  ) {}

  [Symbol.dispose](): void {
    if (!this.#held) return
    this.#held = false
    ftruncateSync(this.descriptor)
    closeSync(this.descriptor)
  }
}

/**
 * Takes the lock of a file, which is made when it is not there, or answers who has it: `undefined` when the holder has
 * not said. The lock is flock(2)'s and lies on the open file, so that the command `flock` can take it for this process
 * and be gone.
 *
 * Rejects with `unsupported` where there is no flock.
 */
export async function tryLock(path: string, what: string): Promise<FileLock | { heldBy: LockHolder | undefined }> {
  const { O_CREAT, O_RDWR, O_NOFOLLOW } = constants
  const descriptor = openSync(path, O_CREAT | O_RDWR | O_NOFOLLOW, 0o600)
  try {
    await runCommand(['flock', '-n', '-x', '3'], { descriptors: [descriptor] })
  } catch (error) {
    closeSync(descriptor)
    if (!VirtError.is(error, 'operation-failed') || error.details.exitStatus !== 1 || error.details.stderr) throw error
    return { heldBy: await holderOf(path) }
  }
  ftruncateSync(descriptor)
  writeSync(descriptor, `${process.pid} ${what}`)
  return new FileLock(descriptor)
}

/** Who has written their name into the lock. They do so a moment after they took it; a dead one's name may be older. */
async function holderOf(path: string): Promise<LockHolder | undefined> {
  let last: LockHolder | undefined
  for (let attempt = 0; attempt < 20; attempt++) {
    const [, pid, what] = /^(\d+) (.*)$/s.exec(readFileSync(path, 'utf8')) ?? []
    if (pid !== undefined && what !== undefined) last = { pid: Number(pid), what }
    if (last && existsSync(`/proc/${last.pid}`)) return last
    await delay(5)
  }
  return last
}
