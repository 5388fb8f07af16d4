import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { root } from '../source-tree.js'

/** Which machine: the host with many devices, one with a network card of virtual functions, or a Xen with its dom0. */
export type MachineName = 'lab' | 'sriov' | 'xen'

/** The images that a machine boots from. */
export const imagesOf = (machine: MachineName): string => (machine === 'sriov' ? 'lab' : machine)

/** Where the lab keeps its images and the files of running machines. */
export const labFolder = process.env.LAB_DIR ?? join(homedir(), '.cache/hostdev-lab')

/** Where the lab's own sources are. */
export const sources = join(root, 'test/lab')

/** The machine at hand cannot build the lab; the reason is for the title of a skipped test. */
export class Unavailable extends Error {}

/**
 * Builds what a machine boots from, or takes from the cache what was built from the same inputs; progress on stderr.
 * Rejects with `Unavailable` where that lies in the machine at hand.
 */
export async function build(machine: MachineName): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Unavailable('the lab needs Linux on x86-64')
  const major = hostsQemuMajor()
  if (major === undefined) throw new Unavailable('qemu-system-x86_64 is not installed')
  await run(imagesOf(machine))
  if (machine === 'sriov' && major < 8) await run('qemu')
}

async function run(what: string): Promise<void> {
  const builder = spawn(join(sources, 'image/build.sh'), [what], {
    env: { ...process.env, LAB_DIR: labFolder, LAB_NODE: process.execPath },
    stdio: ['ignore', process.stderr, 'pipe'],
  })
  let said = ''
  builder.stderr.on('data', (data: Buffer) => {
    process.stderr.write(data)
    said = `${said}${data}`.slice(-2000)
  })
  const [status] = await once(builder, 'close')
  const lastLine = said.trimEnd().split('\n').at(-1) ?? ''
  if (status === unavailable) throw new Unavailable(lastLine.replace(/^\[lab.*?\] /, ''))
  if (status !== 0) throw new Error(`The images of ${what} could not be built: ${lastLine}`)
}

/** What image/build.sh exits with when the machine at hand is the reason (EX_UNAVAILABLE of sysexits.h). */
const unavailable = 69

function hostsQemuMajor(): number | undefined {
  const { stdout } = spawnSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8' })
  // null where there is none
  return stdout ? Number(/version (\d+)/.exec(stdout)?.[1]) : undefined
}

/**
 * The program and first arguments that start QEMU, and its environment. Only version 8 has a network card with SR-IOV:
 * the one that was unpacked for that machine, if the host's is older.
 */
export function qemu(machine: MachineName): { command: readonly [string, ...string[]]; env: Record<string, string> } {
  if (machine !== 'sriov' || (hostsQemuMajor() ?? 0) >= 8) return { command: ['qemu-system-x86_64'], env: {} }
  const at = (path: string) => join(labFolder, 'qemu', path)
  const libraries = ['usr/lib', 'lib'].map((folder) => at(`${folder}/x86_64-linux-gnu`))
  const loader = [at('lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'), '--library-path', libraries.join(delimiter)] as const
  const firmware = ['qemu', 'seabios'].flatMap((folder) => ['-L', at(`usr/share/${folder}`)])
  return {
    command: [...loader, at('usr/bin/qemu-system-x86_64'), ...firmware],
    // the modules of another QEMU, where the host has one, are none for this
    env: { QEMU_MODULE_DIR: at('usr/lib/x86_64-linux-gnu/qemu') },
  }
}
