import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { virtualTree } from '../data/virtual-tree.js'
import { CrashHost } from '../fakes/crash-host.js'
import type { VirtualWork } from '../fakes/virtual-works.js'
import { seed } from '../seed.js'

let crash: CrashHost
beforeAll(async () => {
  crash = await CrashHost.make(virtualTree)
  // a module that is loaded stays, and what ip was asked once
  const once = ['makeFunctions', 'detachFunction', 'reattachFunction', 'dropFunctions']
  for (const work of once) await crash.runWhole(work)
})
afterAll(() => crash[Symbol.dispose]())

/** Every file of the host and what it says, but for what this library keeps of it. */
function wholeHost(): Record<string, string> {
  const files: Record<string, string> = {}
  for (const entry of readdirSync(crash.folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const at = relative(crash.folder, path)
    if (entry.isDirectory() || at.startsWith('state/')) continue
    files[at] = entry.isSymbolicLink() ? readlinkSync(path) : readFileSync(path, 'utf8')
  }
  return files
}

type Case = readonly [work: VirtualWork, before: readonly VirtualWork[], after: readonly VirtualWork[]]

/** Each piece of work, what is done before it, and what brings the host back to that. */
const cases: readonly Case[] = [
  ['createMdev', [], ['destroyMdev']],
  ['destroyMdev', ['createMdev'], ['createMdev']],
  ['defineMdev', [], ['undefineMdev']],
  ['redefineMdev', ['defineMdev', 'autostartMdev'], ['undefineMdev', 'defineMdev', 'autostartMdev']],
  ['startMdev', ['redefineMdev'], ['destroyMdev']],
  ['autostartMdev', ['defineMdev'], ['undefineMdev', 'defineMdev']],
  ['undefineMdev', ['defineMdev'], ['defineMdev']],
  ['createVport', [], ['destroyVport']],
  ['destroyVport', ['createVport'], ['createVport']],
  ['makeFunctions', [], ['dropFunctions']],
  ['changeFunctions', ['makeFunctions'], ['makeFunctions']],
  ['dropFunctions', ['makeFunctions'], ['makeFunctions']],
  ['detachFunction', ['makeFunctions'], ['reattachFunction']],
  ['reattachFunction', ['makeFunctions', 'detachFunction'], ['detachFunction']],
]
/** What ends the work done before a case, so that the next finds the host as the first did. */
const endings: Partial<Record<VirtualWork, VirtualWork>> = {
  createMdev: 'destroyMdev',
  defineMdev: 'undefineMdev',
  redefineMdev: 'undefineMdev',
  createVport: 'destroyVport',
  makeFunctions: 'dropFunctions',
  detachFunction: 'reattachFunction',
}

describe.each(cases)('%s that is killed', (work, before, after) => {
  it('at any point, as its recovery is then, leaves the host as before or as after it', {
    timeout: 600_000,
  }, async () => {
    for (const first of before) await crash.runWhole(first)
    const look = () => ({ host: wholeHost(), recorded: crash.recorded() })
    const [old, points] = [look(), await crash.runWhole(work)]
    const made = look()
    const goBack = async () => {
      for (const next of after) await crash.runWhole(next)
      expect(look()).toEqual(old)
    }
    await goBack()
    expect(points).toBeGreaterThan(3)
    expect(made).not.toEqual(old)

    const seen = new Set<string>()
    for (let point = 1; point <= points; point++) {
      await crash.endAt(work, point, points)
      await crash.runUntil('recover', 1 + ((point + seed) % 6))
      await crash.recover()
      expect([point, await crash.recover()]).toEqual([point, []])
      const now = look()
      const isDone = JSON.stringify(now) === JSON.stringify(made)
      expect([point, now]).toEqual([point, isDone ? made : old])
      seen.add(isDone ? 'done' : 'undone')
      if (isDone) await goBack()
    }
    expect(seen).toEqual(new Set(['done', 'undone']))
    for (const first of [...before].reverse()) {
      const ending = endings[first]
      if (ending) await crash.runWhole(ending)
    }
  })
})
