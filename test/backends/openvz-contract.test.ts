import { afterAll } from 'vitest'
import type { HostdevDef } from '../../src/index.js'
import { abilityContract } from '../contract/abilities.js'
import { domainContract } from '../contract/domains.js'
import { OpenvzHost } from '../fakes/vzctl/openvz-host.js'

const net = (name: string): HostdevDef => ({ kind: 'net', source: { interface: name } })

for (const generation of [4, 9] as const) {
  const host = await OpenvzHost.make(generation)
  afterAll(() => host[Symbol.dispose]())
  const name = `OpenVZ with vzctl ${generation}`
  abilityContract(name, { open: () => host.open() })
  domainContract(name, {
    open: () => host.open(),
    running: '101',
    stopped: '102',
    devices: [net('eth1'), net('eth2')],
    absent: { def: net('eth9'), code: 'device-missing' },
    lacks: {
      alias: 'containers know no aliases',
      selector: 'an interface in a container is no device of the host, by which it could be selected',
      address: 'an interface has no address in a container',
      controllers: 'containers have no controllers',
      events: 'OpenVZ tells of no events',
      lifecycle: 'OpenVZ tells of no events',
    },
  })
}
