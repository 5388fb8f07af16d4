import { spawn, spawnSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HeldLocks, Locks } from '../../src/os/locks.js'

let folder: string
let commands: number
const count = () => {
  commands++
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostdev-locks-'))
  commands = 0
  subscribe('hostdev:command', count)
})
afterEach(() => {
  unsubscribe('hostdev:command', count)
  rmSync(folder, { recursive: true })
})

const locks = (): Locks => new Locks((name) => join(folder, name))
async function taken(from: Locks, ...names: string[]): Promise<HeldLocks> {
  const answer = await from.take(names, 'detach')
  if (!(answer instanceof HeldLocks)) throw new Error(`${answer.name} is held by ${answer.heldBy?.pid}`)
  return answer
}
const there = () => readdirSync(folder).filter((name) => !name.startsWith('lock-holder-'))

/** What a process that was killed has left: a holder without its flock, and locks that point to it. */
function leftBehind(...names: string[]): number {
  const pid = spawnSync('true').pid
  writeFileSync(join(folder, 'lock-holder-5'), `${pid} holds locks`)
  for (const name of names) symlinkSync(`lock-holder-5 ${pid} attach`, join(folder, name))
  return pid
}

describe('Locks', () => {
  it('gives a lock to one, and tells the other who has it', async () => {
    const [one, other] = [locks(), locks()]
    using _ = await taken(one, 'a')
    const heldBy = { pid: process.pid, what: 'detach' }
    expect(await other.take(['a'], 'reset')).toEqual({ name: 'a', heldBy })
    expect(await one.take(['a'], 'reset')).toEqual({ name: 'a', heldBy })
  })

  it('gives it to the next when it was let go', async () => {
    for (const each of [locks(), locks(), locks()]) {
      using held = await taken(each, 'a')
      expect(held).toBeInstanceOf(HeldLocks)
    }
    expect(there()).toEqual([])
  })

  it('gives all or none', async () => {
    const [one, other] = [locks(), locks()]
    using _ = await taken(one, 'b')
    expect(await other.take(['a', 'b', 'c'], 'reset')).toMatchObject({ name: 'b' })
    expect(there()).toEqual(['b'])
  })

  it('starts a process for the first lock only, and one for each at the same time', async () => {
    const one = locks()
    for (const name of ['a', 'b', 'c']) (await taken(one, name))[Symbol.dispose]()
    expect(commands).toBe(1)
    for (let round = 0; round < 2; round++) {
      const held = await Promise.all(['a', 'b', 'c'].map((name) => taken(one, name)))
      for (const each of held) each[Symbol.dispose]()
    }
    expect(commands).toBe(3)
  })

  it('gives one of many that ask at once, from one place and from several', async () => {
    const one = locks()
    const answers = await Promise.all([one, one, locks(), locks()].map((each) => each.take(['a'], 'detach')))
    expect(answers.filter((answer) => answer instanceof HeldLocks)).toHaveLength(1)
  })

  it('gives what a dead process has had, and frees all else of it', async () => {
    leftBehind('a', 'b', 'c')
    using held = await taken(locks(), 'b')
    expect(held).toBeInstanceOf(HeldLocks)
    expect(there()).toEqual(['b'])
  })

  it('keeps what was left to a child for as long as that lives', async () => {
    const one = locks()
    const held = await taken(one, 'a', 'b')
    const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', held.descriptor] })
    held.leave('a')
    held[Symbol.dispose]()
    expect(there()).toEqual(['a'])
    for (const each of [one, locks()])
      expect(await each.take(['a'], 'reset')).toEqual({ name: 'a', heldBy: { pid: process.pid, what: 'detach' } })
    child.kill('SIGKILL')
    await expect.poll(async () => (await one.take(['a'], 'reset')) instanceof HeldLocks, { timeout: 5000 }).toBe(true)
  })

  it('does not take what another process has by the holder of that number', async () => {
    const path = join(folder, 'lock-holder-0')
    const other = spawn('flock', ['-x', path, 'sleep', '60'], { stdio: 'ignore', detached: true })
    await expect.poll(() => spawnSync('flock', ['-n', '-x', path, 'true']).status, { timeout: 5000 }).toBe(1)
    using _ = await taken(locks(), 'a')
    expect(readdirSync(folder)).toContain('lock-holder-1')
    process.kill(-(other.pid as number), 'SIGKILL')
  })

  it('says what is in the way when that is no lock', async () => {
    symlinkSync('elsewhere', join(folder, 'a'))
    await expect(locks().take(['a'], 'detach')).rejects.toMatchObject({
      code: 'system',
      details: { path: join(folder, 'a') },
    })
    mkdirSync(join(folder, 'b'))
    await expect(locks().take(['b'], 'detach')).rejects.toMatchObject({ code: 'system' })
  })
})
