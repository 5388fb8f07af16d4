import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { VirtError } from '../errors.js'
import { publish } from './diagnostics.js'
import { type ByteStream, byteStream } from './socket.js'

/** How a command ended by itself. */
export interface CommandEnd {
  /** Its status; `null` when a signal ended it. */
  readonly status: number | null
  /** The last line of what it said on standard error, if anything. */
  readonly stderr: string
}

/** As much of standard error as is kept, in characters. */
const maxErrors = 8192

/**
 * Starts a command, without a shell, whose standard input and output are a stream to a daemon. It is ended with the
 * stream; when it ends by itself the stream ends with what `explain` makes of that. Published on `hostdev:command`.
 */
export function processStream(
  argv: readonly string[],
  peer: string,
  explain: (end: CommandEnd) => VirtError,
): ByteStream {
  const [program = '', ...args] = argv
  if (program === '' || argv.some((arg) => arg.includes('\0')))
    throw new VirtError('invalid-argument', 'A command needs a program, and no argument can hold a NUL', { argv })
  const started = performance.now()
  const child = spawn(program, args, { stdio: 'pipe' })
  // That it no longer reads is told by its end.
  child.stdin.on('error', () => {})
  let destroyed: { readonly error: Error | undefined } | undefined
  const ended = endOf(child).then((end) => {
    const failure = end instanceof Error ? notStarted(argv, end) : destroyed ? destroyed.error : explain(end)
    publish('hostdev:command', () => ({ argv, milliseconds: performance.now() - started, error: failure }))
    return failure
  })
  const stream = {
    get writableLength() {
      return child.stdin.writableLength
    },
    on(event: 'data' | 'error' | 'close', listener: (value: never) => void) {
      if (event === 'data') child.stdout.on('data', listener as (chunk: Buffer) => void)
      // A stream tells its failure before its end; both come of one promise, in the order of these calls.
      else void ended.then((failure) => (event === 'close' || failure) && listener(failure as never))
    },
    write: (bytes: Uint8Array) => child.stdin.write(bytes),
    cork: () => child.stdin.cork(),
    uncork: () => child.stdin.uncork(),
    destroy(error?: Error) {
      destroyed ??= { error }
      for (const each of [child.stdin, child.stdout, child.stderr]) each.destroy()
      child.kill('SIGTERM')
    },
  }
  return byteStream(stream, peer)
}

/** Waits until a command has ended and its output is read; answers why it could not be started instead. */
async function endOf(child: ChildProcessWithoutNullStreams): Promise<CommandEnd | NodeJS.ErrnoException> {
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-maxErrors)
  })
  // Something that it leaves behind may hold standard error open, as ssh's master does: that is not waited for.
  const silent = new Promise<void>((resolve) => child.stdout.on('close', resolve))
  return await new Promise((resolve) => {
    child.on('error', resolve)
    child.on('exit', (status) => {
      void silent.then(() => resolve({ status, stderr: errors.trimEnd().split('\n').at(-1) ?? '' }))
    })
  })
}

const notStarted = (argv: readonly string[], cause: NodeJS.ErrnoException): VirtError =>
  new VirtError('unsupported', `${argv[0]} cannot be started (${cause.code}): is it installed?`, { argv, cause })
