import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import type { Socket } from 'node:net'
import { VirtError } from '../errors.js'
import { runCommand } from './command.js'
import { publish } from './diagnostics.js'
import { Denied } from './host-files.js'
import type { HostWrites } from './host-writes.js'

/** Where the host's values are. */
export interface RealWritesOptions {
  /** The folder that the host takes for `/`; this machine's own unless told. */
  root?: string
}

/** The most that one write(2) to a sysfs attribute takes: a page (Documentation/filesystems/sysfs.rst). */
const page = 4096

/** glibc's words, in the language C, for what sysfs attributes refuse with. */
const errnos: Readonly<Record<string, string>> = {
  'Operation not permitted': 'EPERM',
  'No such file or directory': 'ENOENT',
  'Input/output error': 'EIO',
  'No such device or address': 'ENXIO',
  'Resource temporarily unavailable': 'EAGAIN',
  'Cannot allocate memory': 'ENOMEM',
  'Permission denied': 'EACCES',
  'Device or resource busy': 'EBUSY',
  'File exists': 'EEXIST',
  'No such device': 'ENODEV',
  'Not a directory': 'ENOTDIR',
  'Is a directory': 'EISDIR',
  'Invalid argument': 'EINVAL',
  'No space left on device': 'ENOSPC',
  'Read-only file system': 'EROFS',
  'Numerical result out of range': 'ERANGE',
  'Operation not supported': 'EOPNOTSUPP',
  'Connection timed out': 'ETIMEDOUT',
}

/**
 * Writes to this machine, each by a short child: a write that hangs then holds up that child, and neither a thread of
 * this process nor its exit. The child is GNU's dd, which opens without creating or truncating, writes once and names
 * the kernel's errno.
 *
 * Writing rejects with `unsupported` where dd is another one.
 */
export function realWrites({ root = '' }: RealWritesOptions = {}): HostWrites {
  let gnu: Promise<void> | undefined
  return {
    allowed(path) {
      try {
        accessSync(root + path, constants.W_OK)
        return true
      } catch (error) {
        return new Denied((error as NodeJS.ErrnoException).code ?? 'EIO', path)
      }
    },

    async write(path, value, { timeout = 10_000, keeping } = {}) {
      const length = Buffer.byteLength(value)
      if (length === 0 || length > page || !path.startsWith('/sys/') || path.split('/').includes('..'))
        throw new VirtError(
          'invalid-argument',
          `${path} is no file of /sys, or its new value has not 1 to ${page} bytes`,
        )
      gnu ??= requireGnu()
      await gnu
      const output = [`of=${root}${path}`, 'conv=nocreat,notrunc', 'iflag=fullblock']
      const child = dd(output, value, keeping === undefined ? [] : [keeping])
      const report = (end: { errno?: string; pending?: true }) =>
        publish('hostdev:host-write', () => ({ path, value, ...end }))

      const ended = child.ended.then(({ status, stderr }) => {
        const denied = status === 0 && countOf(stderr) === length ? undefined : new Denied(errnoOf(stderr), path)
        report(denied ? { errno: denied.errno } : {})
        return denied ?? 'done'
      })
      return await within(timeout, ended, () => {
        child.leave()
        report({ pending: true })
        return 'pending'
      })
    },

    async read(path) {
      const child = dd([`if=${root}${path}`, 'count=1'])
      const ended = child.ended.then(({ status, stdout, stderr }) =>
        status === 0 ? stdout : new Denied(errnoOf(stderr), path),
      )
      return await within(2000, ended, () => {
        child.leave()
        return new Denied('ETIMEDOUT', path)
      })
    },
  }
}

async function requireGnu(): Promise<void> {
  const { stdout } = await runCommand(['dd', '--version'])
  if (!stdout.startsWith('dd (coreutils) '))
    throw new VirtError('unsupported', "this host's dd is not that of GNU coreutils, which changes need; install it")
}

/** A dd that runs: how it ends, and how not to wait for that. */
interface Dd {
  readonly ended: Promise<{ status: number | null; stdout: string; stderr: string }>
  leave(): void
}

function dd(args: readonly string[], input = '', descriptors: readonly number[] = []): Dd {
  const child = spawn('dd', [`bs=${page}`, ...args], {
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe', ...descriptors],
    // a session of its own: Ctrl-C in the terminal must not hit it between two steps of a change
    detached: true,
  })
  const [stdin, stdout, stderr] = child.stdio as unknown as [Socket, Socket, Socket]
  stdin.on('error', () => {})
  stdin.end(input)
  const status = new Promise<number | null>((resolve, reject) => {
    child.on('exit', resolve)
    child.on('error', (cause) =>
      reject(new VirtError('unsupported', `dd could not be started (${cause.message}); install coreutils`, { cause })),
    )
  })
  return {
    ended: Promise.all([status, textOf(stdout), textOf(stderr)]).then(([status, stdout, stderr]) => ({
      status,
      stdout,
      stderr,
    })),
    leave() {
      for (const each of [child, stdout, stderr]) each.unref()
    },
  }
}

async function textOf(stream: Socket): Promise<string> {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return await new Promise((resolve) => stream.on('close', () => resolve(text)))
}

async function within<T, L>(limit: number, work: Promise<T>, late: () => L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<L>((resolve) => {
    timer = setTimeout(() => resolve(late()), limit)
  })
  try {
    return await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}

/** What dd says it has written: `5 bytes copied, 0.0003 s, 16.1 kB/s`. */
const countOf = (text: string): number => Number(/^(\d+) bytes? .*copied/m.exec(text)?.[1] ?? -1)

/** `dd: error writing '/sys/…': No such device`. */
const errnoOf = (text: string): string => errnos[/^dd: .*: ([^:\n]+)$/m.exec(text)?.[1] ?? ''] ?? 'EIO'
