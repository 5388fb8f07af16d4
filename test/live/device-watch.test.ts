import { spawnSync } from 'node:child_process'
import { afterAll, describe, expect } from 'vitest'
import { connect } from '../../src/index.js'
import { needs } from '../needs.js'

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
})
