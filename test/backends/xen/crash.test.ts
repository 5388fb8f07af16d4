import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../../src/api/connect.js'
import type { Connection } from '../../../src/api/connection.js'
import { xen } from '../../../src/backends/xen/xen.js'
import { folderHost, makeFolderHost } from '../../fakes/folder-host.js'
import { PlayedBackends } from '../../fakes/xen-backends.js'
import { alpha, PlayedDom0 } from '../../fakes/xen-dom0.js'
import { storeTree } from '../../fakes/xen-tree.js'
import { type XenWork, xenWorks } from '../../fakes/xen-works.js'
import { PlayedXl } from '../../fakes/xen-xl.js'
import { type XenstoreServer, xenstoreServer } from '../../fakes/xenstore-server.js'
import { root } from '../../source-tree.js'

/** How many points of a change are tried, evenly spread: each costs a process, which is killed there. */
const tried = process.env.CRASH_ALL ? Number.POSITIVE_INFINITY : 8

const folder = mkdtempSync(join(tmpdir(), 'hostdev-xen-crash-'))
const linux = join(folder, 'host')
const program = join(folder, 'xen-process.mjs')
let server: XenstoreServer
let dom0: PlayedDom0
let backends: PlayedBackends
let host: Connection
let works: Awaited<ReturnType<typeof xenWorks>>

beforeAll(async () => {
  const entryPoints = [join(root, 'test/fakes/xen-process.ts')]
  await build({ entryPoints, bundle: true, platform: 'node', format: 'esm', target: 'node20', outfile: program })
  makeFolderHost(linux)
  const { kernel, managed } = folderHost(linux)
  kernel.addDriver('usb', 'usbback')
  kernel.addDriver('pci', 'pciback')
  server = await xenstoreServer()
  dom0 = await PlayedDom0.on(server.path)
  await dom0.start(alpha)
  backends = await PlayedBackends.on(server.path)
  const { files, writes } = managed
  const { run } = new PlayedXl(dom0.store, kernel, dom0.run)
  host = await connect(
    xen({ store: server.path, files, writes, run, stateFolder: join(linux, 'state'), configs: linux }),
  )
  works = await xenWorks(host)
})
afterAll(async () => {
  await host.close()
  await backends[Symbol.asyncDispose]()
  await dom0[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** Runs a piece of work in a process of its own, killed at a point; answers how many points it has come by. */
async function runUntil(work: XenWork, point: number): Promise<number | 'killed'> {
  try {
    const argv = [program, linux, server.path, work, String(point)]
    return Number((await promisify(execFile)(process.execPath, argv)).stdout)
  } catch (error) {
    if ((error as { signal?: string }).signal === 'SIGKILL') return 'killed'
    throw error
  }
}

/** All that there is: xenstore without the states, which are the backends', dom0's drivers, and unfinished journals. */
async function state() {
  const tree = (await storeTree(dom0.store)).filter((row) => !/\/state \|/.test(row))
  const { kernel, managed } = folderHost(linux)
  return { tree, drivers: kernel.drivers(), journals: managed.state.names().filter((name) => /^journal/.test(name)) }
}

describe('a process that changes a guest of Xen and is killed', () => {
  it.each<[work: XenWork, first: readonly XenWork[]]>([
    ['attachController', []],
    ['attach', ['attachController']],
    ['attach', []],
    ['detach', ['attachController', 'attach']],
    ['detachController', ['attach']],
    ['assign', []],
    ['unassign', ['assign']],
    ['attachPci', []],
    ['detachPci', ['attachPci']],
  ])(
    'in %s after %j leaves what can be recovered, drivers and xenstore',
    { timeout: 1_800_000 },
    async (work, first) => {
      const empty = await state()
      for (const each of first) await works[each]()
      const before = await state()
      const points = (await runUntil(work, 0)) as number
      const after = await state()
      await works.clear()
      expect([points > 8, await state()]).toEqual([true, empty])

      const step = Math.ceil(points / tried) || 1
      for (let point = 1; point <= points; point += step) {
        for (const each of first) await works[each]()
        const ended = await runUntil(work, point)
        // backends that answer sooner save it questions, so that it may be done before its last points
        if (ended !== 'killed') expect(ended).toBeGreaterThan(points * 0.8)
        for (const { result } of await host.recover()) expect(['undone', 'finished']).toContain(result)
        const now = await state()
        const isDone = ended !== 'killed' || JSON.stringify(now) === JSON.stringify(after)
        expect([point, now]).toEqual([point, isDone ? after : before])
        await works.clear()
        expect([point, await state()]).toEqual([point, empty])
      }
    },
  )
})
