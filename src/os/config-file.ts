import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { delay } from '../async/deadline.js'
import { VirtError } from '../errors.js'
import { tryLock } from './lock.js'
import { takePidLock } from './pid-lock.js'

/** How long somebody else's edit of the same file is waited for, in milliseconds, and how often it is looked at. */
const patience = 10_000
const pause = 20

/** Names of the files in a folder. @throws VirtError `no-connection` when it cannot be read */
export async function listFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (cause) {
    throw failure('no-connection', path, cause)
  }
}

/** How a config file is edited. */
export interface EditOptions {
  readonly signal?: AbortSignal | undefined
  /** A lock file by which other programs keep off the same config, with their process's number in it. */
  readonly pidLock?: string | undefined
}

/** The text of a config file; `undefined` when there is none. @throws VirtError `system` with the errno */
export function readConfig(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw failure('system', path, cause)
  }
}

/**
 * Changes a config file as a whole: who reads it sees the old or the new one, on a disk that lost its power too. Owner
 * and mode stay, links are followed, and of two processes that edit it one waits for the other. The text has a letter
 * for each byte, so that what is in no known encoding stays as it is.
 *
 * @throws VirtError `system` with the errno, `timeout` or `resource-busy` when another editor does not end, what `edit`
 * throws; the file is as it was then
 */
export async function editConfig(
  path: string,
  edit: (text: string) => string,
  { signal, pidLock }: EditOptions = {},
): Promise<void> {
  const real = orFail(path, () => realpathSync(path))
  // beside the file, where every editor of it finds the same lock; other programs' locks are for their own calls
  using _ = await takeLock(join(dirname(real), `.${basename(real)}.lock`), real, signal)
  using __ = pidLock === undefined ? undefined : await takePidLock(pidLock, { limit: patience, pause, signal })
  const before = orFail(real, () => readFileSync(real, 'latin1'))
  const after = edit(before)
  if (after !== before) orFail(real, () => replace(real, after))
}

async function takeLock(lockFile: string, path: string, signal: AbortSignal | undefined): Promise<Disposable> {
  for (let waited = 0; ; waited += pause) {
    const lock = await tryLock(lockFile, `edits ${path}`)
    if (!('heldBy' in lock)) return lock
    if (waited >= patience)
      throw new VirtError('timeout', `${path} is being edited by process ${lock.heldBy?.pid ?? 'unknown'}; try later`, {
        path,
      })
    await delay(pause, signal)
  }
}

function replace(path: string, text: string): void {
  const { mode, uid, gid } = statSync(path)
  const partial = join(dirname(path), `.${basename(path)}.new`)
  // one that is there was left by a process that was killed: nobody else writes it under the lock
  rmSync(partial, { force: true })
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants
  const descriptor = openSync(partial, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600)
  try {
    try {
      writeFileSync(descriptor, text, 'latin1')
      // the owner first: a change of it takes setuid bits away
      fchownSync(descriptor, uid, gid)
      fchmodSync(descriptor, mode & 0o7777)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(partial, path)
  } catch (error) {
    rmSync(partial, { force: true })
    throw error
  }
  const folder = openSync(dirname(path), constants.O_RDONLY)
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function orFail<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw failure('system', path, cause)
  }
}

function failure(code: 'system' | 'no-connection', path: string, cause: unknown): VirtError {
  const { code: errno } = cause as NodeJS.ErrnoException
  if (!(cause instanceof Error) || errno === undefined) throw cause
  return new VirtError(code, `${path} cannot be used (${errno})`, { path, errno, cause })
}
