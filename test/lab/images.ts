import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { root } from '../source-tree.js'

/** Which machine: the host with many devices, or a Xen with its dom0. */
export type MachineName = 'lab' | 'xen'

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
  if (!installed('qemu-system-x86_64')) throw new Unavailable('qemu-system-x86_64 is not installed')
  const builder = spawn(join(sources, 'image/build.sh'), [machine], {
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
  if (status !== 0) throw new Error(`The images of ${machine} could not be built: ${lastLine}`)
}

/** What image/build.sh exits with when the machine at hand is the reason (EX_UNAVAILABLE of sysexits.h). */
const unavailable = 69

function installed(command: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)))
}
