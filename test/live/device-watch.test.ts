import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundle } from '../../scripts/bundle.mjs'
import { connect } from '../../src/index.js'
import { needs } from '../needs.js'
import { root } from '../source-tree.js'

const ip = (...args: string[]) => spawnSync('ip', args, { encoding: 'utf8' })
const names = Array.from({ length: 100 }, (_, index) => `hdw${index}`)
const made = ip('link', 'add', 'hdwprobe', 'type', 'veth', 'peer', 'name', 'hdwprobep')
ip('link', 'del', 'hdwprobe')
afterAll(() => {
  for (const name of names) ip('link', 'del', name)
})

describe('watching this machine', () => {
  needs('no right to make network interfaces, or no ip', made.status === 0).it(
    'tells of 200 interfaces that come and go, each once',
    async () => {
      await using conn = await connect('linux:///')
      await using events = await conn.watchNodeDevices({ capability: 'net' })
      const told = new Map<string, string[]>()
      const reader = events[Symbol.asyncIterator]()
      const read = async (count: number) => {
        for (let left = count; left > 0; ) {
          const { value } = await reader.next()
          const name = /^net_(hdw\d+p?)_/.exec(value?.device ?? '')?.[1]
          if (!value || name === undefined || !['created', 'deleted'].includes(value.kind)) continue
          told.set(name, [...(told.get(name) ?? []), value.kind])
          left--
        }
      }
      for (const name of names) ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`)
      await read(200)
      for (const name of names) ip('link', 'del', name)
      await read(200)
      expect([...told.keys()].sort()).toEqual(names.flatMap((name) => [name, `${name}p`]).sort())
      expect(new Set([...told.values()].map((kinds) => kinds.join()))).toEqual(new Set(['created,deleted']))
    },
  )

  const apart = ['--net', '--mount', join(root, 'test/live/watch-there.sh')]
  const mayUnshare = spawnSync('unshare', ['--net', '--mount', 'true']).status === 0
  needs('no right to make namespaces', mayUnshare).describe('elsewhere', () => {
    let script: string
    beforeAll(async () => {
      const folder = mkdtempSync(join(tmpdir(), 'hostdev-watch-'))
      script = join(folder, 'watch-there.mjs')
      const { url } = await bundle('test/live/watch-there.ts', '.cache/live/watch-there.mjs')
      // where every user can read it
      copyFileSync(fileURLToPath(url), script)
      chmodSync(folder, 0o755)
      return () => rmSync(folder, { recursive: true })
    })

    it.each([
      ['in a network namespace', [], {}],
      ['in a container without udevd', [], { HIDE_UDEV: '1' }],
      ['as an ordinary user', ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'], {}],
      [
        'as an ordinary user without udevd',
        ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
        { HIDE_UDEV: '1' },
      ],
    ])('works %s', async (_, prefix, environment) => {
      const child = spawn('unshare', [...apart, script, ...prefix], {
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let told = ''
      child.stdout.on('data', (chunk) => {
        told += chunk
      })
      const [status] = await once(child, 'close')
      expect([status, told]).toEqual([0, 'ready\ncreated\ndeleted\n'])
    })
  })
})
