import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FileLock, tryLock } from '../../src/os/lock.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostdev-lock-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function isHeld(path: string): Promise<boolean> {
  const answer = await tryLock(path, 'looks')
  if ('heldBy' in answer) return true
  answer[Symbol.dispose]()
  return false
}

describe('tryLock', () => {
  it('gives a lock to one, and tells the other who has it', async () => {
    const path = join(folder, 'one')
    using first = (await tryLock(path, 'detaches a device')) as FileLock
    expect(first).toBeInstanceOf(FileLock)
    expect(await tryLock(path, 'resets it')).toEqual({ heldBy: { pid: process.pid, what: 'detaches a device' } })
  })

  it('gives it to the next when it was let go', async () => {
    const path = join(folder, 'next')
    for (const what of ['first', 'second', 'third']) {
      using lock = (await tryLock(path, what)) as FileLock
      expect(lock).toBeInstanceOf(FileLock)
    }
  })

  it('is free when its holder was killed', async () => {
    const path = join(folder, 'killed')
    const holder = spawn('flock', ['-x', path, 'sleep', '60'], { stdio: 'ignore', detached: true })
    await expect.poll(() => isHeld(path), { timeout: 5000 }).toBe(true)
    process.kill(-(holder.pid as number), 'SIGKILL')
    await expect.poll(() => isHeld(path), { timeout: 5000 }).toBe(false)
  })

  it('is held by one of two that ask at once', async () => {
    const answers = await Promise.all(['a', 'b'].map((what) => tryLock(join(folder, 'race'), what)))
    expect(answers.filter((answer) => 'heldBy' in answer)).toHaveLength(1)
  })
})
