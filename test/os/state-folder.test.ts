import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StateFolder } from '../../src/os/state-folder.js'

let parent: string
let folder: StateFolder
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'hostdev-state-'))
  folder = new StateFolder(join(parent, 'hostdev'))
})
afterEach(() => rmSync(parent, { recursive: true }))

describe('StateFolder', () => {
  it('is empty, and not made, until something is put there', () => {
    expect([folder.names(), folder.read('a')]).toEqual([[], undefined])
    expect(() => statSync(join(parent, 'hostdev'))).toThrow(/ENOENT/)
  })

  it('is for its owner alone', () => {
    folder.replace('a', 'text')
    expect(statSync(join(parent, 'hostdev')).mode & 0o777).toBe(0o700)
    expect(statSync(join(parent, 'hostdev/a')).mode & 0o777).toBe(0o600)
  })

  it('keeps what was added, replaced and removed', () => {
    folder.append('journal', 'one\n')
    folder.append('journal', 'two\n')
    folder.replace('record', 'old')
    folder.replace('record', 'new')
    expect([folder.read('journal'), folder.read('record')]).toEqual(['one\ntwo\n', 'new'])
    folder.remove('journal')
    folder.remove('journal')
    expect(folder.names()).toEqual(['record'])
  })

  it.each(['', '..', '.hidden', 'a/b', 'a\0b', 'a b', 'x'.repeat(300)])('refuses the name %j', (name) => {
    expect(() => folder.replace(name, 'text')).toThrow(/cannot be the name/)
  })

  it('refuses a folder that others can write or read', () => {
    folder.replace('a', 'text')
    chmodSync(join(parent, 'hostdev'), 0o755)
    expect(() => folder.replace('a', 'text')).toThrow(expect.objectContaining({ code: 'access-denied' }))
  })

  it('refuses a link that somebody put in its place', () => {
    symlinkSync('/tmp', join(parent, 'hostdev'))
    expect(() => folder.append('a', 'text')).toThrow(expect.objectContaining({ code: 'access-denied' }))
  })

  it('tells the errno of what fails', () => {
    expect(() => new StateFolder('/proc/hostdev').replace('a', 'text')).toThrow(
      expect.objectContaining({ code: 'system', details: expect.objectContaining({ errno: 'ENOENT' }) }),
    )
  })
})
