import type { ManagedHost } from '../../src/manager/managed-host.js'
import type { RunCommand } from '../../src/os/command.js'
import type { MemoryFile } from '../../src/os/host-files-memory.js'
import { StateFolder } from '../../src/os/state-folder.js'
import { passthroughDrivers, passthroughModules, passthroughTree } from '../data/passthrough-tree.js'
import { FolderTree } from './folder-tree.js'
import { FakeKernel } from './kernel.js'

/** Makes the host of the passthrough tests in a folder, with more files. */
export function makeFolderHost(folder: string, more: readonly (readonly [string, MemoryFile])[] = []): void {
  new FolderTree(folder, [...passthroughTree, ...more])
  folderHost(folder)
}

/**
 * Opens such a host. Every change of it, the kernel's and that of the journal, has a point before it.
 *
 * @param dieAt - the point, from 1, at which this process is killed; none for 0
 */
export function folderHost(
  folder: string,
  dieAt = 0,
): { managed: ManagedHost; kernel: FakeKernel; point(): void; points(): number } {
  let count = 0
  const point = () => {
    if (++count === dieAt) process.kill(process.pid, 'SIGKILL')
  }
  const state = new PointedState(`${folder}/state`, point)
  const kernel = new FakeKernel(new FolderTree(folder), {
    drivers: passthroughDrivers,
    modules: passthroughModules,
    byHand: ['usbback', 'pciback'],
  })
  const writes = {
    allowed: kernel.allowed.bind(kernel),
    read: kernel.read.bind(kernel),
    async write(...args: Parameters<FakeKernel['write']>) {
      point()
      return await kernel.write(...args)
    },
  }
  const run: RunCommand = async (argv, options) => {
    // a module stays loaded: the first run alone would have that point
    if (argv[0] !== 'modprobe') point()
    return await kernel.run(argv, options)
  }
  return {
    managed: { files: kernel.tree, writes, run, state, settle: 20 },
    kernel,
    point,
    points: () => count,
  }
}

/** A state folder that calls somebody before each of its changes. */
class PointedState extends StateFolder {
  constructor(
    path: string,
    readonly point: () => void,
  ) {
    super(path)
  }

  override append(name: string, text: string): void {
    this.point()
    super.append(name, text)
  }

  override replace(name: string, text: string): void {
    this.point()
    super.replace(name, text)
  }

  override remove(name: string): void {
    this.point()
    super.remove(name)
  }
}
