import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../src/wire/xenstore/open.js'
import { root } from '../source-tree.js'

/** Xen's two daemons: in C, and in OCaml. */
export type Flavour = 'c' | 'ocaml'

export const flavours = ['c', 'ocaml'] as const

const programs = { c: 'xenstored', ocaml: 'oxenstored' }

/** Where the daemons are: $XENBIN, else where Debian's xen-utils puts them. */
function daemonFolder(): string | undefined {
  if (process.env.XENBIN) return process.env.XENBIN
  const version = existsSync('/usr/lib') && readdirSync('/usr/lib').find((name) => /^xen-\d/.test(name))
  return version ? `/usr/lib/${version}/bin` : undefined
}

/**
 * Why that daemon cannot be run here; `undefined` where it can. It runs without Xen, by a shim of its hypervisor calls.
 */
export function absentXenstored(flavour: Flavour): string | undefined {
  const folder = daemonFolder()
  if (!folder || !existsSync(join(folder, programs[flavour]))) return `no ${programs[flavour]} is installed`
  if (spawnSync('gcc', ['--version']).error) return 'the shim that lets it run without Xen needs gcc'
  if (process.getuid?.() !== 0) return `${programs[flavour]} needs root`
  return undefined
}

/** A xenstored of our own. */
export interface LiveXenstored extends AsyncDisposable {
  /** Its socket. */
  readonly path: string
  /** Has a domain be there, as far as the daemon can ask the hypervisor; it has to be introduced too. */
  addDomain(domain: number): void
  /** The domain is gone from now on, and the daemon hears of it. */
  removeDomain(domain: number): void
}

/** Starts one in a folder of its own. */
export async function startXenstored(flavour: Flavour): Promise<LiveXenstored> {
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-xenstored-'))
  const [run, domains, events, shim, log] = ['run', 'domains', 'events', 'shim.so', 'log'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string, string]
  mkdirSync(run)
  mkdirSync(domains)
  execFileSync('mkfifo', [events])
  execFileSync('gcc', ['-O2', '-shared', '-fPIC', '-o', shim, join(root, 'test/live/xenstored-shim.c'), '-ldl'])

  const program = join(String(daemonFolder()), programs[flavour])
  const env = { LD_PRELOAD: shim, XENSHIM_DOMAINS: domains, XENSHIM_EVENTS: events, XENSTORED_RUNDIR: run }
  const output = openSync(log, 'a')
  const stdio = ['ignore', output, output] as const
  const daemon =
    flavour === 'c'
      ? spawn(program, ['--no-fork', '--pid-file', join(run, 'pid')], { env, stdio: [...stdio] })
      : startOxenstored(program, folder, env, [...stdio])
  const path = join(run, 'socket')
  await listening(daemon, path, log)
  return {
    path,
    addDomain: (domain) => writeFileSync(join(domains, String(domain)), 'r'),
    removeDomain(domain) {
      rmSync(join(domains, String(domain)))
      writeFileSync(events, Buffer.from([1, 0, 0, 0]))
    },
    async [Symbol.asyncDispose]() {
      const ended = once(daemon, 'exit')
      daemon.kill()
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

/** The path of oxenstored's socket is built in, so it is given a /run/xenstored of its own. */
function startOxenstored(
  program: string,
  folder: string,
  env: Readonly<Record<string, string>>,
  stdio: ['ignore', number, number],
): ChildProcess {
  const config = join(folder, 'oxenstored.conf')
  const settings = {
    'pid-file': `${folder}/run/pid`,
    'xenstored-kva': '/proc/xen/xsd_kva',
    'xenstored-port': '/proc/xen/xsd_port',
    'xenstored-log-file': join(folder, 'daemon.log'),
    persistent: false,
    'perms-activate': true,
    'quota-activate': true,
  }
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join(''),
  )
  mkdirSync('/run/xenstored', { recursive: true })
  const script = `mount --make-rprivate / && mount --bind "$1/run" /run/xenstored &&
    LD_PRELOAD=$2 exec "$3" --no-fork --config-file "$1/oxenstored.conf"`
  const { LD_PRELOAD: shim = '', ...rest } = env
  const argv = ['--mount', 'sh', '-c', script, 'sh', folder, shim, program]
  return spawn('unshare', argv, { env: { PATH: process.env.PATH, ...rest }, stdio })
}

async function listening(daemon: ChildProcess, path: string, log: string): Promise<void> {
  for (const end = Date.now() + 30_000; ; await sleep(20)) {
    const [answered] = await Promise.allSettled([openStore({ path })])
    if (answered.status === 'fulfilled') {
      answered.value.close()
      return
    }
    if (daemon.exitCode !== null || Date.now() > end)
      throw new Error(`xenstored does not start: ${readFileSync(log, 'utf8').trim()}`, { cause: answered.reason })
  }
}
