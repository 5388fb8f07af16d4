import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { OutputReader } from './output-reader.js'
import { qmp } from './qmp.js'

/** How a machine is booted. */
export interface MachineOptions {
  /** What starts QEMU: the program, and what comes before its options. */
  readonly command: readonly [string, ...string[]]
  /** What QEMU's environment has besides our own. */
  readonly env: Readonly<Record<string, string>>
  /** Options of QEMU; the machine adds its control sockets. */
  readonly argv: readonly string[]
  /** Empty disks, made in the machine's folder before it starts: file name and size. */
  readonly disks: ReadonlyMap<string, string>
  /** What the guest finds in /lab/guest. */
  readonly guest: string
  /** Milliseconds to wait for the guest to be ready. */
  readonly timeout: number
}

/** What a command in the guest left behind. */
export interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Milliseconds a command may take, and where its output goes while it runs. */
export interface ExecOptions {
  readonly timeout?: number
  readonly onStdout?: (text: string) => void
  readonly onStderr?: (text: string) => void
}

/**
 * A virtual machine of the lab, known by its folder, so that any process can use one that another has started.
 * Commands go through a folder that host and guest share.
 */
export class Machine {
  constructor(readonly folder: string) {}

  /** The folder that the guest sees as /lab. */
  get share(): string {
    return join(this.folder, 'share')
  }

  get running(): boolean {
    return this.#pid !== undefined
  }

  /** Boots it; rejects with what QEMU or the guest's console said when it does not come up. */
  async start({ command, env, argv, disks, guest, timeout }: MachineOptions): Promise<void> {
    if (this.running) throw new Error(`The machine in ${this.folder} is running already: stop it first.`)
    rmSync(this.folder, { recursive: true, force: true })
    mkdirSync(join(this.share, 'queue'), { recursive: true })
    mkdirSync(join(this.share, 'out'))
    cpSync(guest, join(this.share, 'guest'), { recursive: true })
    for (const [name, size] of disks) {
      writeFileSync(join(this.folder, name), '')
      truncateSync(join(this.folder, name), bytes(size))
    }
    const control = ['-serial', 'file:console.log', '-qmp', 'unix:qmp.sock,server=on,wait=off', '-pidfile', 'pid']
    const [program, ...first] = command
    const all = [...first, ...argv, ...control, '-display', 'none', '-no-reboot', '-daemonize']
    writeFileSync(join(this.folder, 'argv'), `${all.join('\n')}\n`)
    // QEMU keeps what the guest writes to a snapshot in TMPDIR; relative paths keep those of sockets short.
    const { status, stderr } = spawnSync(program, all, {
      cwd: this.folder,
      env: { ...process.env, ...env, TMPDIR: this.folder },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`QEMU does not start: ${stderr.trim()}`)
    await this.#ready(timeout)
  }

  async #ready(timeout: number): Promise<void> {
    const deadline = Date.now() + timeout
    while (!existsSync(join(this.share, 'ready'))) {
      if (!this.running) throw new Error(`The guest has died while booting: ${this.#lastWords()}`)
      if (Date.now() > deadline) {
        await this.stop()
        throw new Error(`The guest is not ready after ${timeout / 1000} s: ${this.#lastWords()}`)
      }
      await sleep(50)
    }
  }

  /** Runs a bash script in the guest and answers its exit status and output, whatever they are. */
  async exec(script: string, { timeout = 60_000, onStdout, onStderr }: ExecOptions = {}): Promise<Outcome> {
    if (!this.running) throw new Error(`The machine in ${this.folder} is not running.`)
    const id = randomUUID()
    const file = (suffix: string) => join(this.share, 'queue', `${id}.${suffix}`)
    writeFileSync(file('new'), script)
    renameSync(file('new'), file('sh'))
    const stdout = new OutputReader(file('out'), onStdout)
    const stderr = new OutputReader(file('err'), onStderr)
    const deadline = Date.now() + timeout
    for (let done = false; !done; ) {
      // The status first: whatever was written before it is then there to be read.
      done = existsSync(file('status'))
      stdout.read()
      stderr.read()
      if (done) break
      if (!this.running) throw new Error(`The guest has died: ${this.#lastWords()}`)
      if (Date.now() > deadline) {
        this.#kill(file('pid'))
        throw new Error(`The command in the guest is not done after ${timeout / 1000} s: ${script}\n${stderr.text}`)
      }
      await sleep(50)
    }
    return { status: Number(readFileSync(file('status'), 'utf8')), stdout: stdout.text, stderr: stderr.text }
  }

  /** Runs a bash script that must succeed, and answers its standard output. */
  async run(script: string, options?: ExecOptions): Promise<string> {
    const { status, stdout, stderr } = await this.exec(script, options)
    if (status !== 0) throw new Error(`Exit status ${status} in the guest: ${script}\n${stdout}${stderr}`)
    return stdout
  }

  /** Copies a file of the host to /lab/NAME. */
  put(file: string, name: string): void {
    copyFileSync(file, join(this.share, name))
  }

  /** A command of the machine's own monitor (hot-plug from outside, for one): the answer, or QEMU's error. */
  async qmp(execute: string, parameters?: object): Promise<unknown> {
    return qmp(join(this.folder, 'qmp.sock'), execute, parameters)
  }

  /** A command as one types it at QEMU's monitor. */
  async hmp(command: string): Promise<string> {
    const answer = await this.qmp('human-monitor-command', { 'command-line': command })
    return String(answer).replaceAll('\r', '').trimEnd()
  }

  /** Ends it, if it runs. */
  async stop(): Promise<void> {
    const pid = this.#pid
    if (pid === undefined) return
    process.kill(pid, 'SIGTERM')
    for (let waited = 0; this.running; waited += 50) {
      if (waited === 5000) process.kill(pid, 'SIGKILL')
      await sleep(50)
    }
  }

  #kill(pidFile: string): void {
    if (!existsSync(pidFile)) return
    const id = randomUUID()
    const file = join(this.share, 'queue', id)
    writeFileSync(`${file}.new`, `kill -KILL -- -${readFileSync(pidFile, 'utf8')}`)
    renameSync(`${file}.new`, `${file}.sh`)
  }

  /** QEMU's process, if it lives and still is this machine's: a number alone may be another's by now. */
  get #pid(): number | undefined {
    const pid = text(join(this.folder, 'pid'))?.trim()
    const environment = pid === undefined ? undefined : text(`/proc/${pid}/environ`)
    return environment?.split('\0').includes(`TMPDIR=${this.folder}`) ? Number(pid) : undefined
  }

  #lastWords(): string {
    return (text(join(this.folder, 'console.log')) ?? 'nothing on its console')
      .trimEnd()
      .split('\n')
      .slice(-10)
      .join('\n')
  }
}

function bytes(size: string): number {
  const [, number, unit = ''] = /^(\d+)([KMG]?)$/.exec(size) ?? []
  if (number === undefined) throw new Error(`The size of a disk is a number and K, M or G, not ${size}.`)
  return Number(number) * 1024 ** ['', 'K', 'M', 'G'].indexOf(unit)
}

function text(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
