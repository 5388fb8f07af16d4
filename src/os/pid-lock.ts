import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delay } from '../async/deadline.js'
import { VirtError } from '../errors.js'

/** How a lock is waited for. */
export interface Patience {
  /** Milliseconds. */
  readonly limit: number
  readonly pause: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Takes a lock that is a file with the number of its process in it, as vzctl and others have them (`src/lib/lock.c`). A
 * lock whose process has gone is none, so one that a killed process has left behind does no harm. Where the folder of
 * the lock is not there, nobody locks.
 *
 * @throws VirtError `resource-busy`, saying which process has it; `system` with the errno
 */
export async function takePidLock(path: string, { limit, pause, signal }: Patience): Promise<Disposable> {
  for (let waited = 0; ; waited += pause) {
    const answer = tryPidLock(path)
    if (typeof answer !== 'number') return answer
    if (waited >= limit)
      throw new VirtError('resource-busy', `${path} is held by process ${answer}; try again when it has ended`, {
        path,
      })
    await delay(pause, signal)
  }
}

/** The lock, or the process that has it. */
function tryPidLock(path: string): Disposable | number {
  const own = `${path}.${process.pid}`
  try {
    writeFileSync(own, `${process.pid}\n`, { mode: 0o644 })
    try {
      // a link is made whole or not at all, and never over another
      linkSync(own, path)
    } finally {
      rmSync(own, { force: true })
    }
    return { [Symbol.dispose]: () => rmSync(path, { force: true }) }
  } catch (cause) {
    const { code: errno } = cause as NodeJS.ErrnoException
    if (errno === 'ENOENT') return { [Symbol.dispose]() {} }
    if (errno !== 'EEXIST')
      throw new VirtError('system', `${path} cannot be made (${errno})`, { path, cause, ...(errno && { errno }) })
  }
  const holder = holderOf(path)
  if (holder !== undefined && isAlive(holder)) return holder
  rmSync(path, { force: true })
  return tryPidLock(path)
}

function holderOf(path: string): number | undefined {
  try {
    const pid = /^\d{1,10}/.exec(readFileSync(path, 'latin1'))?.[0]
    return pid === undefined ? undefined : Number(pid)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cause
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM'
  }
}
