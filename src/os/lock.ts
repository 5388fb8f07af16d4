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

/** How often, and how far apart in milliseconds, a lock is tried while nobody says that they have it. */
const patience = 10
const interval = 5

/**
 * Takes the lock of a file, which is made when it is not there, or answers who has it; `undefined` when that is not
 * known. The lock is flock(2)'s and lies on the open file, so that the command `flock` can take it for this process
 * and be gone.
 *
 * @param attempts - how often it is tried while whoever says to have it does not live
 *
 * Rejects with `unsupported` where there is no flock.
 */
export async function tryLock(
  path: string,
  what: string,
  attempts = patience,
): Promise<FileLock | { heldBy: LockHolder | undefined }> {
  const { O_CREAT, O_RDWR, O_NOFOLLOW } = constants
  const descriptor = openSync(path, O_CREAT | O_RDWR | O_NOFOLLOW, 0o600)
  let heldBy: LockHolder | undefined
  try {
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (await flock(descriptor)) {
        ftruncateSync(descriptor)
        writeSync(descriptor, `${process.pid} ${what}`)
        return new FileLock(descriptor)
      }
      heldBy = readHolder(path)
      if (heldBy && lives(heldBy)) break
      // it was taken or let go a moment ago; or its holder is dead, and a write that it has left behind is not
      await delay(interval)
    }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
  closeSync(descriptor)
  return { heldBy }
}

async function flock(descriptor: number): Promise<boolean> {
  try {
    await runCommand(['flock', '-n', '-x', '3'], { descriptors: [descriptor] })
    return true
  } catch (error) {
    if (VirtError.is(error, 'operation-failed') && error.details.exitStatus === 1 && !error.details.stderr) return false
    throw error
  }
}

/** Whether a process of that number runs; it may be another by now. */
export const lives = ({ pid }: LockHolder): boolean => existsSync(`/proc/${pid}`)

/** Who says in a lock's file to have it; `undefined` when nobody does. */
export function readHolder(path: string): LockHolder | undefined {
  const [, pid, what] = /^(\d+) (.*)$/s.exec(textOf(path)) ?? []
  return pid === undefined || what === undefined ? undefined : { pid: Number(pid), what }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
