import { spawn } from 'node:child_process'
import { VirtError } from '../errors.js'

/** A command that is running, and says something from time to time. */
export interface RunningCommand {
  /** Settles when it has ended by itself, or could not be started. */
  readonly ended: Promise<VirtError>
  stop(): void
}

/** The longest line that is kept; more than that is no line of text. */
const longest = 65_536

/** Starts a command, without a shell, and passes its lines on until it ends or is stopped. */
export function startLines(argv: readonly string[], onLine: (line: string) => void): RunningCommand {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, LC_ALL: 'C' } })
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = (lines.pop() ?? '').slice(-longest)
    for (const line of lines) onLine(line)
  })
  // a watcher alone is no reason for the process to go on
  child.unref()
  const ended = new Promise<VirtError>((resolve) => {
    child.on('error', (cause: NodeJS.ErrnoException) =>
      resolve(new VirtError('unsupported', `${program} cannot be started (${cause.code})`, { argv, cause })),
    )
    child.on('exit', (exitStatus) =>
      resolve(
        new VirtError('operation-failed', `${program} has ended`, { argv, ...(exitStatus !== null && { exitStatus }) }),
      ),
    )
  })
  return { ended, stop: () => void child.kill('SIGKILL') }
}
