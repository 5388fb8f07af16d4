import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect } from 'vitest'
import { connect } from '../../src/index.js'
import { openvz } from '../../src/openvz.js'
import { FakeVzctl } from '../fakes/vzctl.js'
import { needs } from '../needs.js'

const ip = (...args: string[]) => spawnSync('ip', args, { encoding: 'utf8' }).status === 0
const namespace = 'hostdev-101'
const able = ip('netns', 'add', namespace) && ip('link', 'add', 'hdvz0', 'type', 'veth', 'peer', 'name', 'hdvz1')
const folder = mkdtempSync(join(tmpdir(), 'hostdev-openvz-'))
writeFileSync(join(folder, '101.conf'), 'ONBOOT="yes"\n')
afterAll(() => {
  ip('link', 'del', 'hdvz0')
  ip('netns', 'del', namespace)
  rmSync(folder, { recursive: true })
})

describe('OpenVZ, its vzctl played, with real interfaces and a real network namespace', () => {
  needs('no right to make network namespaces, or no ip', able).it(
    'moves an interface into the container and back, with its name and address',
    async () => {
      const vzctl = new FakeVzctl(4, (name, _, direction) =>
        direction === 'in'
          ? ip('link', 'set', name, 'netns', namespace)
          : ip('netns', 'exec', namespace, 'ip', 'link', 'set', name, 'netns', '1'),
      )
      vzctl.containers.set('101', { running: true, interfaces: new Set() })
      await using conn = await connect(openvz({ configs: folder, run: vzctl.run }))
      const addressOf = async () => {
        const defs = []
        for await (const def of conn.nodeDeviceDefs({ capability: 'net' })) defs.push(def)
        return defs.find(({ name }) => name.startsWith('net_hdvz1_'))?.name
      }
      const before = await addressOf()
      const container = await conn.lookupDomain('101')
      await container.attachHostdev({ kind: 'net', source: { interface: 'hdvz1' } })
      expect(await addressOf()).toBeUndefined()
      expect(ip('-n', namespace, 'link', 'show', 'hdvz1')).toBe(true)
      await container.detachHostdev({ kind: 'net', source: { interface: 'hdvz1' } })
      expect(await addressOf()).toBe(before)
    },
  )
})
