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

/** Where a piece of work ends before its time: a test kills its process there, or has it do nothing more. */
export class Lifetime {
  #points = 0
  #isOver = false

  /**
   * @param dieAt - the point, from 1, at which it ends; none for 0
   * @param die - ends the process; without it nothing that is asked for from then on is done, and nothing is cleaned up
   */
  constructor(
    readonly dieAt = 0,
    readonly die: () => void = () => {},
  ) {}

  /** How many points it has come by. */
  get points(): number {
    return this.#points
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Called before each change of the host. */
  readonly point = (): void => {
    this.mustLast()
    if (++this.#points !== this.dieAt) return
    this.#isOver = true
    this.die()
    this.mustLast()
  }

  /** Called before what a dead process cannot do, and is no point. */
  mustLast(): void {
    if (this.#isOver) throw new Ended()
  }
}

/** What a piece of work that has ended before its time comes to. */
export class Ended extends Error {}

/** Opens such a host. Every change of it, the kernel's and that of the journal, has a point before it. */
export function folderHost(folder: string, life = new Lifetime()): { managed: ManagedHost; kernel: FakeKernel } {
  const state = new PointedState(`${folder}/state`, life)
  const kernel = new FakeKernel(new FolderTree(folder), {
    drivers: passthroughDrivers,
    modules: passthroughModules,
    byHand: ['usbback', 'pciback'],
  })
  const writes = {
    allowed: kernel.allowed.bind(kernel),
    read: kernel.read.bind(kernel),
    async write(...args: Parameters<FakeKernel['write']>) {
      life.point()
      return await kernel.write(...args)
    },
  }
  const run: RunCommand = async (argv, options) => {
    // a module stays loaded: the first run alone would have that point
    if (argv[0] === 'modprobe') life.mustLast()
    else life.point()
    return await kernel.run(argv, options)
  }
  return { managed: { files: kernel.tree, writes, run, state, settle: 20 }, kernel }
}

/** A state folder whose changes are points, and whose locks stay as a dead process leaves them. */
class PointedState extends StateFolder {
  constructor(
    path: string,
    readonly life: Lifetime,
  ) {
    super(path)
  }

  override append(name: string, text: string): void {
    this.life.point()
    super.append(name, text)
  }

  override replace(name: string, text: string): void {
    this.life.point()
    super.replace(name, text)
  }

  override remove(name: string): void {
    this.life.point()
    super.remove(name)
  }

  override async lock(names: readonly string[], what: string): ReturnType<StateFolder['lock']> {
    this.life.mustLast()
    const answer = await super.lock(names, what)
    if ('heldBy' in answer) return answer
    const letGo = answer[Symbol.dispose].bind(answer)
    answer[Symbol.dispose] = () => {
      // the system closes the files of the dead, but takes away none of their links
      if (this.life.isOver) for (const name of names) answer.leave(name)
      letGo()
    }
    return answer
  }
}
