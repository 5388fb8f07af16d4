import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import type { Recovered } from '../../src/backend.js'
import { recover } from '../../src/manager/recover.js'
import type { MemoryFile } from '../../src/os/host-files-memory.js'
import { root } from '../source-tree.js'
import { folderHost, makeFolderHost } from './folder-host.js'

/** A made-up host in a folder that processes work on which are killed at any point. */
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

  /** Runs a piece of work in a process of its own, killed at a point; answers how many points it has come by. */
  async runUntil(work: string, point: number): Promise<number | 'killed'> {
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [this.program, this.folder, work, String(point)])
      return Number(stdout)
    } catch (error) {
      if ((error as { signal?: string }).signal === 'SIGKILL') return 'killed'
      throw error
    }
  }

  /** The same, to its end. */
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
