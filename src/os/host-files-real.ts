import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  promises,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
} from 'node:fs'
import { posix } from 'node:path'
import { deadline } from '../async/deadline.js'
import { VirtError } from '../errors.js'
import { type Answer, Denied, type FileStat, type HostFiles, mostLinks } from './host-files.js'

/** Where a host's files are. */
export interface RealFilesOptions {
  /** The folder that the host takes for `/`; this machine's own unless told. No link leads out of it. */
  root?: string
}

/** A sysfs attribute never holds more than a page, and a page is read at once (Documentation/filesystems/sysfs.rst). */
const page = 4096
/** Named pipes and terminals in a recorded tree must not hold the process up. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

/**
 * The files of this machine, or of the machine that a folder holds a copy of.
 *
 * @throws VirtError `no-connection` when the root is no folder that can be read
 */
export function realFiles({ root = '/' }: RealFilesOptions = {}): HostFiles {
  return new RealFiles(root)
}

class RealFiles implements HostFiles {
  /** Absolute, links resolved; empty for the machine itself. */
  readonly #root: string
  readonly #buffer = Buffer.allocUnsafeSlow(page)

  constructor(root: string) {
    const real = folder(root)
    this.#root = real === '/' ? '' : real
  }

  list(path: string): Answer<string[]> {
    return this.#answer(path, () => readdirSync(this.#inside(path)))
  }

  link(path: string): Answer<string> {
    return this.#answer(path, () => readlinkSync(this.#entry(path)))
  }

  real(path: string): Answer<string> {
    return this.#answer(path, () => realpathSync.native(this.#inside(path)).slice(this.#root.length) || '/')
  }

  stat(path: string): Answer<FileStat> {
    return this.#answer(path, () => {
      // of all that is asked for, this is absent most often, and an Error costs more than the call
      const stats = lstatSync(this.#entry(path), { throwIfNoEntry: false })
      if (stats === undefined) return new Denied('ENOENT', path)
      return { kind: kindOf(stats), inode: stats.ino, size: stats.size, mode: stats.mode & 0o7777 }
    })
  }

  bytes(path: string, max = page, from = 0): Answer<Uint8Array> {
    return this.#answer(path, () => {
      const buffer = max <= page ? this.#buffer : Buffer.allocUnsafeSlow(max)
      const descriptor = openSync(this.#inside(path), flags)
      try {
        let length = readSync(descriptor, buffer, 0, max, from)
        for (let more = length; max > page && more > 0 && length < max; length += more)
          more = readSync(descriptor, buffer, length, max - length, from + length)
        return buffer.subarray(0, length)
      } finally {
        closeSync(descriptor)
      }
    })
  }

  async bytesLater(path: string, max: number, { signal }: { signal?: AbortSignal } = {}): Promise<Answer<Uint8Array>> {
    try {
      return await deadline(
        { signal },
        () => undefined,
        () => readLater(this.#inside(path), max),
      )
    } catch (error) {
      return denied(path, error)
    }
  }

  #answer<T>(path: string, ask: () => Answer<T>): Answer<T> {
    try {
      return ask()
    } catch (error) {
      return denied(path, error)
    }
  }

  /** Where a path leads on this machine, its links followed inside the root. */
  #inside(path: string): string {
    if (this.#root === '') return path
    try {
      const real = realpathSync.native(this.#root + path)
      if (real.startsWith(`${this.#root}/`) || real === this.#root) return real
    } catch (error) {
      // an absolute link leads elsewhere for the machine, maybe nowhere
      if (denied(path, error).errno !== 'ENOENT') throw error
    }
    return this.#walk(path)
  }

  /** The same for a path whose last step is meant itself, be it a link or not. */
  #entry(path: string): string {
    return this.#root === '' ? path : posix.join(this.#inside(posix.dirname(path)), posix.basename(path))
  }

  /** Follows the links of a path one by one, with the root for `/`: for trees that have absolute links. */
  #walk(path: string): string {
    const steps = path.split('/').reverse()
    let at = this.#root
    for (let links = 0; steps.length > 0; ) {
      const step = steps.pop()
      if (step === undefined || step === '' || step === '.') continue
      if (step === '..') {
        at = at === this.#root ? at : posix.dirname(at)
        continue
      }
      const next = posix.join(at, step)
      if (!lstatSync(next).isSymbolicLink()) {
        at = next
        continue
      }
      if (++links > mostLinks) throw Object.assign(new Error(`${path} has too many links`), { code: 'ELOOP' })
      const target = readlinkSync(next)
      if (target.startsWith('/')) at = this.#root
      steps.push(...target.split('/').reverse())
    }
    return at
  }
}

function folder(root: string): string {
  try {
    const real = realpathSync.native(root)
    if (lstatSync(real).isDirectory()) return real
  } catch (cause) {
    const { code: errno = 'EIO' } = cause as NodeJS.ErrnoException
    throw new VirtError('no-connection', `the root ${root} cannot be read (${errno}); name a folder`, {
      path: root,
      errno,
      cause,
    })
  }
  throw new VirtError('no-connection', `the root ${root} is no folder; name one`, { path: root })
}

async function readLater(path: string, max: number): Promise<Uint8Array> {
  const file = await promises.open(path, flags)
  try {
    const buffer = Buffer.allocUnsafeSlow(max)
    let length = 0
    for (let more = 1; more > 0 && length < max; length += more)
      more = (await file.read(buffer, length, max - length, length)).bytesRead
    return buffer.subarray(0, length)
  } finally {
    await file.close()
  }
}

/** What the kernel said no with; anything else is not the host's doing and goes on. */
function denied(path: string, error: unknown): Denied {
  const { code } = error as NodeJS.ErrnoException
  if (error instanceof Error && code !== undefined && /^E[A-Z\d]+$/.test(code)) return new Denied(code, path)
  if (code === 'ERR_INVALID_ARG_VALUE') return new Denied('ENOENT', path)
  throw error
}

function kindOf(stats: Stats): FileStat['kind'] {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  if (stats.isSymbolicLink()) return 'link'
  if (stats.isBlockDevice()) return 'block'
  return stats.isCharacterDevice() ? 'char' : 'other'
}
