import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shared } from '../shared.js'

/** Xen's two daemons: in C, and in OCaml. */
export type Flavour = 'c' | 'ocaml'

const programs = { c: 'xenstored', ocaml: 'oxenstored' }

/** Where the daemons are: $XENBIN, else where Debian's xen-utils puts them. */
function daemonFolder(): string | undefined {
  if (process.env.XENBIN) return process.env.XENBIN
  const version = existsSync('/usr/lib') && readdirSync('/usr/lib').find((name) => /^xen-\d/.test(name))
  return version ? `/usr/lib/${version}/bin` : undefined
}

const script = shared && join(shared, 'xen/xenstored.sh')

/** Why that daemon cannot be run here; `undefined` where it can. It runs without Xen, by a shim of its hypervisor calls. */
export function absentXenstored(flavour: Flavour): string | undefined {
  const folder = daemonFolder()
  if (!folder || !existsSync(join(folder, programs[flavour]))) return `no ${programs[flavour]} is installed`
  if (!script || !existsSync(script)) return 'the shim that lets it run without Xen is not here'
  if (spawnSync('gcc', ['--version']).error) return 'the shim that lets it run without Xen needs gcc'
  if (process.getuid?.() !== 0) return `${programs[flavour]} needs root`
  return undefined
}

/** A xenstored of our own. */
export interface LiveXenstored extends Disposable {
  readonly path: string
}

/** Starts one in a folder of its own. */
export function startXenstored(flavour: Flavour): LiveXenstored {
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-xenstored-'))
  // Its output goes to a file: kept, a pipe would not end before the daemon does.
  execFileSync(String(script), ['start', flavour, folder], { stdio: 'ignore' })
  return {
    path: join(folder, 'run/socket'),
    [Symbol.dispose]() {
      execFileSync(String(script), ['stop', flavour, folder], { stdio: 'ignore' })
      rmSync(folder, { recursive: true })
    },
  }
}
