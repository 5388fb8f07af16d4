import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { answers } from './answers.js'

/** Who runs the daemons of tests: an ordinary user, since root's libvirtd is that of the whole machine. */
export const ordinary = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}

/** A libvirtd of the tests' own: a session's, in a folder of its own, which nobody else talks to. */
export interface OwnLibvirtd extends AsyncDisposable {
  readonly folder: string
  readonly socket: string
  readonly process: ChildProcess
}

/** A new folder, short enough for the path of a socket, that an ordinary user can write to. */
export function newFolder(): string {
  const folder = mkdtempSync('/tmp/hd-')
  chmodSync(folder, 0o755)
  if (ordinary.uid !== undefined) chownSync(folder, ordinary.uid, ordinary.gid)
  return folder
}

/** Where a session's libvirtd and its clients look for everything, inside that folder. */
export const environmentIn = (folder: string) => ({
  HOME: folder,
  XDG_RUNTIME_DIR: join(folder, 'run'),
  XDG_CONFIG_HOME: join(folder, 'config'),
  XDG_CACHE_HOME: join(folder, 'cache'),
  XDG_DATA_HOME: join(folder, 'data'),
})

/** Starts one and waits until it answers. `config` are lines of libvirtd.conf. */
export async function ownLibvirtd(
  config: readonly string[] = [],
  {
    args = [],
    env = {},
    folder = newFolder(),
  }: { args?: string[]; env?: Record<string, string>; folder?: string } = {},
): Promise<OwnLibvirtd> {
  const places = environmentIn(folder)
  for (const place of [places.XDG_RUNTIME_DIR, places.XDG_CONFIG_HOME, places.XDG_CACHE_HOME, places.XDG_DATA_HOME]) {
    mkdirSync(place, { mode: 0o700, recursive: true })
    if (ordinary.uid !== undefined) chownSync(place, ordinary.uid, ordinary.gid)
  }
  const file = join(folder, 'libvirtd.conf')
  writeFileSync(file, config.map((line) => `${line}\n`).join(''))
  const child = spawn('libvirtd', ['--config', file, ...args], {
    ...ordinary,
    cwd: folder,
    env: { ...process.env, ...places, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000)
  })
  const socket = join(places.XDG_RUNTIME_DIR, 'libvirt/libvirt-sock')
  for (const end = Date.now() + 60_000; !(await answers(socket)); await sleep(50)) {
    if (child.exitCode !== null || Date.now() > end) {
      child.kill('SIGKILL')
      throw new Error(`libvirtd does not start: ${errors}`)
    }
  }
  return {
    folder,
    socket,
    process: child,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Why a command cannot be had; `undefined` where it can. */
export function lacking(...commands: string[]): string | undefined {
  const missing = commands.filter((command) => spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0)
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed`
}

/** A TCP port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
