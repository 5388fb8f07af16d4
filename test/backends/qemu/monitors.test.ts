import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type MonitorPlaces, Monitors } from '../../../src/backends/qemu/monitors.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostdev-monitors-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Counts what is told while files are made, the last of which is told of for certain. */
async function toldOf(places: MonitorPlaces, ...files: string[]): Promise<string[]> {
  const told: string[] = []
  let now = ''
  const watch = await new Monitors(places).watch(() => told.push(now))
  expect(watch).toBeDefined()
  for (const file of files) {
    now = file
    writeFileSync(join(folder, file), '')
    // the kernel's word comes in a later turn of the event loop
    for (let turn = 0; turn < 50 && told.at(-1) !== file; turn++) await new Promise((resolve) => setTimeout(resolve, 2))
  }
  watch?.stop()
  return [...new Set(told)]
}

describe('Monitors', () => {
  it('tell of every socket that comes into their folder', async () => {
    expect(await toldOf(`${folder}/`, 'web.sock', 'db.sock')).toEqual(['web.sock', 'db.sock'])
  })

  it('tell of those that are named, and of no other file beside them', async () => {
    const places = { web: join(folder, 'web.sock'), db: join(folder, 'db.sock') }
    expect(await toldOf(places, 'other', 'web.sock', 'db.sock.lock', 'db.sock')).toEqual(['web.sock', 'db.sock'])
  })

  it('tell of a single one', async () => {
    const path = join(folder, 'web.sock')
    writeFileSync(path, '')
    expect(await toldOf(path, 'other', 'web.sock')).toEqual(['web.sock'])
  })

  it('cannot be watched where one of their folders is not there', async () => {
    const places = { web: join(folder, 'web.sock'), db: join(folder, 'absent/db.sock') }
    expect(await new Monitors(places).watch(() => {})).toBeUndefined()
  })
})
