import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LinuxHost } from '../../src/host/linux-host.js'
import type { ManagedHost } from '../../src/manager/managed-host.js'
import type { NodeDeviceDef } from '../../src/model/node-device.js'
import { type MemoryFile, MemoryFiles } from '../../src/os/host-files-memory.js'
import { StateFolder } from '../../src/os/state-folder.js'
import { passthroughDrivers, passthroughModules, passthroughTree } from '../data/passthrough-tree.js'
import { FakeKernel } from './kernel.js'

/** A made-up host that can be changed, with a folder of its own for what is recorded of it. */
export class FakeHost implements Disposable {
  readonly files: MemoryFiles
  readonly kernel: FakeKernel
  readonly managed: ManagedHost
  readonly stateFolder: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'hostdev-host-'))

  constructor(more: readonly (readonly [string, MemoryFile])[] = []) {
    this.files = new MemoryFiles([...passthroughTree, ...more])
    this.kernel = new FakeKernel(this.files, {
      drivers: passthroughDrivers,
      modules: passthroughModules,
      byHand: ['usbback', 'usbfs', 'pciback'],
    })
    this.stateFolder = join(this.#folder, 'state')
    const state = new StateFolder(this.stateFolder)
    this.managed = { files: this.files, writes: this.kernel, run: this.kernel.run, state, settle: 20 }
  }

  async def(name: string): Promise<NodeDeviceDef> {
    const def = await new LinuxHost({ files: this.files }).lookup(name, {})
    if (!def) throw new Error(`the fake host has no ${name}`)
    return def
  }

  /** As {@link FakeKernel.drivers}. */
  drivers(): Record<string, string> {
    return this.kernel.drivers()
  }

  /** A process that has files open, as /proc shows it. */
  process(pid: number, argv: readonly string[], ...open: readonly string[]): void {
    this.files.set(`/proc/${pid}/cmdline`, `${argv.join('\0')}\0`)
    this.files.set(`/proc/${pid}/comm`, `${argv[0]?.split('/').at(-1)?.slice(0, 15)}\n`)
    for (const [descriptor, link] of ['/dev/null', ...open].entries())
      this.files.set(`/proc/${pid}/fd/${descriptor}`, { link })
  }

  [Symbol.dispose](): void {
    this.kernel.letGo()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
