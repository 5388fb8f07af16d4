import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { deadline, type Limits } from '../async/deadline.js'
import { VirtError } from '../errors.js'
import { publish } from './diagnostics.js'

/** How a command is run. */
export interface CommandOptions extends Limits {
  /** What it reads on standard input; nothing unless told. */
  readonly stdin?: string | Uint8Array | undefined
  /**
   * Whether it opens its standard input by name, /dev/stdin: a file can be opened so, and what Node calls a pipe not.
   */
  readonly stdinByName?: boolean | undefined
  /** How many bytes it may print on each of its outputs; 16 MiB unless told. */
  readonly maxOutput?: number | undefined
  /** Variables besides those of this process; LC_ALL is C always. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Descriptors of this process that the command gets as 3, 4, …; it holds what they lock for as long as it lives. */
  readonly descriptors?: readonly number[] | undefined
}

/** What a command that ended with status 0 has printed. */
export interface CommandOutput {
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command; backends take this as an option, so that tests can play the commands. */
export type RunCommand = (argv: readonly string[], options?: CommandOptions) => Promise<CommandOutput>

/**
 * Runs a command, without a shell, and waits for its end: 30 seconds unless `timeout` says otherwise.
 *
 * A command that runs out of time, is aborted or prints too much is killed, but its end is not waited for: one that is
 * stuck in the kernel cannot be killed, and goes on.
 *
 * Rejects with `unsupported` when there is no such program, `access-denied` when it may not be run, `timeout`,
 * `limit-exceeded` when it prints too much, and `operation-failed` when its status is not 0; the details carry argv,
 * exit status and what it said on standard error, its last 4096 characters. Published on `hostdev:command`.
 */
export const runCommand: RunCommand = async (argv, options = {}) => {
  const started = performance.now()
  const report = (result: { output: CommandOutput } | { error: unknown }) =>
    publish('hostdev:command', () => ({ argv, milliseconds: performance.now() - started, ...result }))
  try {
    const output = await run(argv, options)
    report({ output })
    return output
  } catch (error) {
    report({ error })
    throw error
  }
}

async function run(argv: readonly string[], options: CommandOptions): Promise<CommandOutput> {
  const { signal, timeout = 30_000, stdin = '', maxOutput = 16 * 1024 * 1024 } = options
  const expired = (limit: number) =>
    new VirtError('timeout', `${nameOf(argv)} did not end within ${limit} ms and was killed`, { argv })

  return await deadline({ signal, timeout }, expired, async (ended) => {
    const child = start(argv, options)
    const drop = () => {
      child.kill('SIGKILL')
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy()
      child.unref()
    }
    ended.addEventListener('abort', drop)
    try {
      // A command need not read its input to the end.
      child.stdin?.on('error', () => {})
      child.stdin?.end(stdin)
      const [stdout, stderr, exit] = await Promise.all([
        collect(child.stdout, maxOutput, argv),
        collect(child.stderr, maxOutput, argv),
        exited(child, argv),
      ])
      if (exit.status !== 0) throw failed(argv, exit, stderr)
      return { stdout, stderr }
    } catch (error) {
      drop()
      throw error
    }
  })
}

/** How much of what a command says when it fails is kept, in characters. */
const longestComplaint = 4096

const nameOf = (argv: readonly string[]): string => basename(argv[0] ?? '')

/** A command that runs; without a pipe for what it reads, when that is a file. */
type Running = ChildProcessByStdio<Writable | null, Readable, Readable>

function start(argv: readonly string[], { env, stdin = '', stdinByName, descriptors = [] }: CommandOptions): Running {
  const [program, ...args] = argv
  if (program === undefined || program === '' || argv.some((arg) => arg.includes('\0')))
    throw new VirtError('invalid-argument', 'A command needs a program, and no argument can hold a NUL', { argv })
  const input = stdinByName ? unnamedFile(stdin) : undefined
  try {
    return spawn(program, args, {
      env: { ...process.env, ...env, LC_ALL: 'C' },
      stdio: [input ?? 'pipe', 'pipe', 'pipe', ...descriptors],
    }) as Running
  } finally {
    if (input !== undefined) closeSync(input)
  }
}

/** A file of this user's alone, which is gone when nobody has it open. */
function unnamedFile(content: string | Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-'))
  try {
    const file = openSync(join(folder, 'stdin'), 'wx+', 0o600)
    writeSync(file, typeof content === 'string' ? Buffer.from(content) : content, 0, null, 0)
    return file
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function collect(stream: NodeJS.ReadableStream, max: number, argv: readonly string[]): Promise<string> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= max) chunks.push(chunk)
      else
        reject(
          new VirtError('limit-exceeded', `${nameOf(argv)} printed more than ${max} bytes and was killed`, { argv }),
        )
    })
    stream.on('close', () => resolve(Buffer.concat(chunks).toString()))
  })
}

/** How a command ended: by itself, with a status, or by a signal. */
interface Exit {
  readonly status: number | null
  readonly killedBy: string | null
}

async function exited(child: Running, argv: readonly string[]): Promise<Exit> {
  return await new Promise((resolve, reject) => {
    child.on('error', (cause: NodeJS.ErrnoException) => reject(notStarted(argv, cause)))
    child.on('exit', (status, killedBy) => resolve({ status, killedBy }))
  })
}

function notStarted(argv: readonly string[], cause: NodeJS.ErrnoException): VirtError {
  const details = { argv, cause, ...(cause.code === undefined ? {} : { errno: cause.code }) }
  if (cause.code === 'ENOENT')
    return new VirtError('unsupported', `${argv[0]} is not installed here: install it, or put it in PATH`, details)
  if (cause.code === 'EACCES') return new VirtError('access-denied', `${argv[0]} may not be run by this user`, details)
  return new VirtError('system', `${argv[0]} could not be started: ${cause.message}`, details)
}

function failed(argv: readonly string[], { status, killedBy }: Exit, errors: string): VirtError {
  const stderr = errors.trimEnd().split('\n').at(-1) ?? ''
  const how = status === null ? `was killed by ${killedBy}` : `ended with status ${status}`
  return new VirtError('operation-failed', `${nameOf(argv)} ${how}${stderr === '' ? '' : `: ${stderr}`}`, {
    argv,
    stderr: errors.trimEnd().slice(-longestComplaint),
    ...(status === null ? {} : { exitStatus: status }),
  })
}
