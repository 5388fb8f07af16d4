import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import type { Recovered } from '../../src/backend.js'
import { recover } from '../../src/manager/recover.js'
import type { MemoryFile } from '../../src/os/host-files-memory.js'
import { seed } from '../seed.js'
import { root } from '../source-tree.js'
import { folderHost, Lifetime, makeFolderHost } from './folder-host.js'
import { workOn } from './host-works.js'

/** A made-up host in a folder, on which work is done that ends at any point. */
export class CrashHost implements Disposable {
  readonly #parent = mkdtempSync(join(tmpdir(), 'hostdev-crash-'))
  /** Where the host is. */
  readonly folder = join(this.#parent, 'host')
  /** The program that works on it: `node program folder work point`. */
  readonly program = join(this.#parent, 'host-process.mjs')

  private constructor() {}

  static async make(more: readonly (readonly [string, MemoryFile])[] = []): Promise<CrashHost> {
    const host = new CrashHost()
    const entryPoints = [join(root, 'test/fakes/host-process.ts')]
    const output = { bundle: true, platform: 'node', format: 'esm', target: 'node20', outfile: host.program } as const
    await build({ entryPoints, ...output })
    makeFolderHost(host.folder, more)
    return host
  }

  /**
   * Runs a piece of work that ends at one of its points, before its time: by doing nothing more, nor cleaning up, or in
   * a process of its own that is killed (SIGKILL). A process costs a hundred times what the work does, so one point of
   * each work has one, drawn from the seed; all have one where CRASH_ALL is set.
   */
  async endAt(work: string, point: number, points: number): Promise<void> {
    if (process.env.CRASH_ALL || point === 1 + (seed % points)) await this.#kill(work, point)
    else if ((await this.runUntil(work, point)) !== 'ended') throw new Error(`${work} has no point ${point}`)
  }

  /** The same by doing nothing more; answers how many points it has come by when that is too few. */
  async runUntil(work: string, point: number): Promise<number | 'ended'> {
    const life = new Lifetime(point)
    try {
      await workOn(this.folder, work, life)
    } catch (error) {
      if (!life.isOver) throw error
    }
    return life.isOver ? 'ended' : life.points
  }

  async #kill(work: string, point: number): Promise<void> {
    const argv = [this.program, this.folder, work, String(point)]
    const error = await promisify(execFile)(process.execPath, argv).then(
      ({ stdout }) => new Error(`${work} has no point ${point}, but ${stdout.trim()}`),
      (error) => error,
    )
    if (error.signal !== 'SIGKILL') throw error
  }

  /** Runs a piece of work to its end; answers how many points it has come by. */
  async runWhole(work: string): Promise<number> {
    return (await this.runUntil(work, 0)) as number
  }

  async recover(): Promise<Recovered[]> {
    return await recover(folderHost(this.folder).managed)
  }

  drivers(): Record<string, string> {
    return folderHost(this.folder).kernel.drivers()
  }

  /** What is kept of the host but locks: journals, and how devices are given back. */
  recorded(): string[] {
    const names = folderHost(this.folder).managed.state.names()
    return names.filter((name) => !name.startsWith('lock-'))
  }

  [Symbol.dispose](): void {
    rmSync(this.#parent, { recursive: true })
  }
}
