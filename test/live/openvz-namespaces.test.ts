import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { type Connection, connect, type Domain, type HostdevDef } from '../../src/index.js'
import { openvz } from '../../src/openvz.js'
import { FakeVzctl } from '../fakes/vzctl/fake-vzctl.js'
import { IpNetwork } from '../fakes/vzctl/ip-network.js'
import { needs } from '../needs.js'

/** A number that no real container of this machine has. */
const container = '2147480017'
const ip = (...args: string[]) => spawnSync('ip', args, { encoding: 'utf8' })
const isThere = (name: string) => ip('link', 'show', name).status === 0
const macOf = (name: string) => /link\/ether (\S+)/.exec(ip('link', 'show', name).stdout)?.[1]
const isInside = (name: string) => ip('-netns', container, 'link', 'show', name).status === 0
const net = (name: string): HostdevDef => ({ kind: 'net', source: { interface: name } })

/** Makes hdvz2: a dummy, or a macvlan where the kernel has no dummies. */
const makeDummy = () =>
  ip('link', 'add', 'hdvz2', 'address', '02:00:00:00:00:02', 'type', 'dummy').status === 0 ||
  ip('link', 'add', 'link', 'hdvz0', 'name', 'hdvz2', 'address', '02:00:00:00:00:02', 'type', 'macvlan').status === 0

const able = ip('netns', 'add', container).status === 0 && ip('netns', 'del', container).status === 0
const allowed = needs('no right to make network namespaces, or no ip', able)

allowed.describe('OpenVZ, its vzctl played, with real interfaces and real network namespaces', () => {
  for (const generation of [4, 9] as const)
    describe(`vzctl ${generation}`, () => {
      let root: string
      let vzctl: FakeVzctl
      let conn: Connection
      let guest: Domain

      beforeEach(async () => {
        root = mkdtempSync(join(tmpdir(), 'hostdev-openvz-'))
        vzctl = new FakeVzctl({ generation, root, network: new IpNetwork() })
        vzctl.addContainer(container, 'ONBOOT="yes"\n')
        await vzctl.execute(['vzctl', 'start', container])
        // with addresses that were chosen, udev gives them no others
        const [one, other] = ['02:00:00:00:00:00', '02:00:00:00:00:01']
        ip('link', 'add', 'hdvz0', 'address', one, 'type', 'veth', 'peer', 'name', 'hdvz1', 'address', other)
        makeDummy()
        conn = await connect(
          openvz({
            configs: join(root, 'etc/vz/conf'),
            stateFolder: join(root, 'state'),
            run: (argv, options) => vzctl.run(argv, options),
          }),
        )
        guest = await conn.lookupDomain(container)
      })
      afterEach(async () => {
        await conn.close()
        ip('netns', 'del', container)
        for (const name of ['hdvz0', 'hdvz2']) ip('link', 'del', name)
        rmSync(root, { recursive: true })
      })

      allowed.it('moves a veth and a dummy in and back, with their names and addresses', async () => {
        const before = ['hdvz1', 'hdvz2'].map(macOf)
        for (const name of ['hdvz1', 'hdvz2']) await guest.attachHostdev(net(name), { live: true, config: true })
        expect(['hdvz1', 'hdvz2'].map((name) => [isThere(name), isInside(name)])).toEqual([
          [false, true],
          [false, true],
        ])
        expect(await guest.hostdevs()).toEqual([net('hdvz1'), net('hdvz2')])
        for (const name of ['hdvz1', 'hdvz2']) await guest.detachHostdev(net(name), { live: true, config: true })
        expect(['hdvz1', 'hdvz2'].map(macOf)).toEqual(before)
        expect(before.every((mac) => mac !== undefined)).toBe(true)
      })

      allowed.it('has both back before the container stops, with which they would end', async () => {
        const before = ['hdvz0', 'hdvz1', 'hdvz2'].map(macOf)
        await guest.attachHostdevs([net('hdvz1'), net('hdvz2')], { live: true, config: true })
        await guest.shutdown()
        expect(['hdvz0', 'hdvz1', 'hdvz2'].map(macOf)).toEqual(before)
        expect(await guest.state()).toBe('shutoff')
        await vzctl.execute(['vzctl', 'start', container])
        expect(['hdvz1', 'hdvz2'].map(isInside)).toEqual([true, true])
      })

      allowed.it('tells that a veth and its other end are gone when somebody else has stopped it', async () => {
        await guest.attachHostdev(net('hdvz1'))
        await vzctl.execute(['vzctl', 'stop', container])
        for (let left = 50; isThere('hdvz0') && left > 0; left--) await new Promise((done) => setTimeout(done, 100))
        expect([isThere('hdvz0'), isThere('hdvz1')]).toEqual([false, false])
        expect(conn.warnings().map(({ path }) => path)).toContain('/sys/class/net/hdvz1')
      })

      allowed.it('finds what speaks against giving one away', async () => {
        ip('link', 'add', 'hdvzbr', 'type', 'bridge')
        ip('link', 'set', 'hdvz1', 'master', 'hdvzbr')
        ip('address', 'add', '198.51.100.7/24', 'dev', 'hdvz2')
        ip('link', 'set', 'hdvz2', 'up')
        try {
          await expect(guest.attachHostdev(net('hdvz1'))).rejects.toThrow(/is part of hdvzbr/)
          await expect(guest.attachHostdev(net('hdvz2'))).rejects.toThrow(/has the host's address 198\.51\.100\.7/)
          expect(['hdvz1', 'hdvz2'].map(isThere)).toEqual([true, true])
        } finally {
          ip('link', 'del', 'hdvzbr')
        }
      })
    })
})
