import { execFileSync, spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Denied } from '../../src/os/host-files.js'
import type { HostWrites } from '../../src/os/host-writes.js'
import { realWrites } from '../../src/os/host-writes-real.js'
import { tryLock } from '../../src/os/lock.js'
import { needs } from '../needs.js'

let root: string
let writes: HostWrites
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hostdev-writes-'))
  mkdirSync(join(root, 'sys'))
  writeFileSync(join(root, 'sys/value'), 'what was there before')
  writes = realWrites({ root })
})
afterEach(() => rmSync(root, { recursive: true }))

describe('realWrites', () => {
  it('writes a value over the one that is there, without cutting the file short', async () => {
    expect(await writes.write('/sys/value', 'here')).toBe('done')
    expect(readFileSync(join(root, 'sys/value'), 'utf8')).toBe('here was there before')
  })

  it('writes a value of hostile characters as it is', async () => {
    await writes.write('/sys/value', "\n'$(id)\0`;")
    expect(readFileSync(join(root, 'sys/value'), 'latin1').slice(0, 10)).toBe("\n'$(id)\0`;")
  })

  it('creates no file', async () => {
    expect(await writes.write('/sys/absent', 'x')).toEqual(new Denied('ENOENT', '/sys/absent'))
    expect(() => readFileSync(join(root, 'sys/absent'))).toThrow(/ENOENT/)
  })

  it('answers the errno of a value that is refused, and counts what was written', async () => {
    symlinkSync('/dev/full', join(root, 'sys/full'))
    expect(await writes.write('/sys/full', 'x')).toEqual(new Denied('ENOSPC', '/sys/full'))
  })

  it.each([
    ['an empty value', '/sys/value', ''],
    ['a value longer than a page', '/sys/value', 'x'.repeat(4097)],
    ['a path outside /sys', '/etc/passwd', 'x'],
    ['a path that leads out of /sys', '/sys/../etc/passwd', 'x'],
  ])('refuses %s', async (_what, path, value) => {
    await expect(writes.write(path, value)).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('reads a value', async () => {
    expect(await writes.read('/sys/value')).toBe('what was there before')
    expect(await writes.read('/sys/absent')).toEqual(new Denied('ENOENT', '/sys/absent'))
  })

  it('shows each write on the channel hostdev:host-write', async () => {
    const seen: unknown[] = []
    const listener = (message: unknown) => seen.push(message)
    subscribe('hostdev:host-write', listener)
    await writes.write('/sys/value', 'a')
    await writes.write('/sys/absent', 'b')
    unsubscribe('hostdev:host-write', listener)
    expect(seen).toEqual([
      { path: '/sys/value', value: 'a' },
      { path: '/sys/absent', value: 'b', errno: 'ENOENT' },
    ])
  })

  it('answers pending for a write that hangs, whose lock is held until it has ended', async () => {
    // a pipe that nobody reads: opening it for writing blocks, as some values of sysfs do
    execFileSync('mkfifo', [join(root, 'sys/hangs')])
    const lock = await tryLock(join(root, 'lock'), 'test')
    if ('heldBy' in lock) throw new Error('the lock should be free')
    expect(await writes.write('/sys/hangs', 'x', { timeout: 50, keeping: lock.descriptor })).toBe('pending')
    lock[Symbol.dispose]()
    expect(await tryLock(join(root, 'lock'), 'another')).toHaveProperty('heldBy')

    const reader = spawn('cat', [join(root, 'sys/hangs')], { stdio: ['ignore', 'pipe', 'inherit'] })
    const got = await new Promise((resolve) => reader.stdout.on('data', (data) => resolve(String(data))))
    expect(got).toBe('x')
    await expect.poll(async () => 'heldBy' in (await tryLock(join(root, 'lock'), 'another'))).toBe(false)
  })
})

describe('HostWrites.allowed', () => {
  const asUser = needs(process.geteuid?.() === 0 ? 'root may write everything' : undefined)
  asUser.it('answers EACCES for a value that is not this user’s', () => {
    chmodSync(join(root, 'sys/value'), 0o444)
    expect(writes.allowed('/sys/value')).toEqual(new Denied('EACCES', '/sys/value'))
  })

  it('answers true for one that is, and ENOENT for one that is not there', () => {
    expect(writes.allowed('/sys/value')).toBe(true)
    expect(writes.allowed('/sys/absent')).toEqual(new Denied('ENOENT', '/sys/absent'))
  })
})
