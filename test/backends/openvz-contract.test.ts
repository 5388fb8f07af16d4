import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { HostdevDef } from '../../src/index.js'
import { MemoryFiles } from '../../src/linux.js'
import { openvz } from '../../src/openvz.js'
import { abilityContract } from '../contract/abilities.js'
import { domainContract } from '../contract/domains.js'
import { FakeVzctl } from '../fakes/vzctl.js'

const net = (name: string): HostdevDef => ({ kind: 'net', source: { interface: name } })

/** Two containers, of which one runs, on a host with two interfaces, under a played vzctl. */
function playedHost(generation: 4 | 7) {
  const configs = mkdtempSync(join(tmpdir(), 'hostdev-openvz-'))
  afterAll(() => rm(configs, { recursive: true }))
  writeFileSync(join(configs, '101.conf'), '#UUID: 11111111-2222-3333-4444-555555555555\nNAME="web"\nONBOOT="yes"\n')
  writeFileSync(join(configs, '102.conf'), 'ONBOOT="no"\n')

  const files = new MemoryFiles({ '/proc/net/route': 'Iface\tDestination\n' })
  const plug = (name: string) => {
    const at = `/sys/devices/virtual/net/${name}`
    files.set(`${at}/address`, `52:54:00:00:00:0${name.at(-1)}\n`)
    files.set(`${at}/uevent`, `INTERFACE=${name}\nIFINDEX=${name.at(-1)}\n`)
    files.set(`${at}/subsystem`, { link: '../../../../class/net' })
    files.set(`/sys/class/net/${name}`, { link: `../../devices/virtual/net/${name}` })
  }
  const unplug = (name: string) => files.delete(`/sys/class/net/${name}`)
  plug('eth1')
  plug('eth2')

  const vzctl = new FakeVzctl(generation, (name, _, direction) => {
    if (direction === 'out') plug(name)
    else if (typeof files.link(`/sys/class/net/${name}`) !== 'string') return false
    else unplug(name)
    return true
  })
  vzctl.containers.set('101', { running: true, interfaces: new Set() })
  vzctl.containers.set('102', { running: false, interfaces: new Set() })
  return { open: () => openvz({ configs, files, run: vzctl.run }) }
}

for (const generation of [4, 7] as const) {
  const { open } = playedHost(generation)
  const name = `OpenVZ with vzctl of generation ${generation}`
  abilityContract(name, { open })
  domainContract(name, {
    open,
    running: '101',
    stopped: '102',
    devices: [net('eth1'), net('eth2')],
    name: 'net_eth1_52_54_00_00_00_01',
    absent: { def: net('eth9'), code: 'device-missing' },
    lacks: {
      live: 'what a running container has beside its config is not looked at',
      apart: 'OpenVZ keeps no list of what a running container has beside its config',
      alias: 'containers know no aliases',
      address: 'an interface has no address in a container',
      controllers: 'containers have no controllers',
      events: 'OpenVZ tells of no events',
      lifecycle: 'OpenVZ tells of no events',
    },
  })
}
