import { type Connection, connect, type HostdevDef } from '../../../src/index.js'
import { openvz } from '../../../src/openvz.js'
import { realFiles } from '../../../src/os/host-files-real.js'
import { FakeVzctl } from './fake-vzctl.js'
import { FolderNetwork } from './folder-network.js'

/** Opens a made-up host of containers in a folder; `point` is called before and after each command. */
export async function containerHost(root: string, point = () => {}): Promise<Connection> {
  const vzctl = new FakeVzctl({ generation: 4, root, network: new FolderNetwork(root) })
  const backend = await openvz({
    configs: `${root}/etc/vz/conf`,
    files: realFiles({ root }),
    stateFolder: `${root}/state`,
    async run(argv, options) {
      point()
      try {
        return await vzctl.run(argv, options)
      } finally {
        point()
      }
    },
  })
  return await connect(backend)
}

const eth1: HostdevDef = { kind: 'net', source: { interface: 'eth1' } }
const both = { live: true, config: true }

/** What is done to container 101 of such a host. */
export const containerWorks = {
  attach: async (host: Connection) => (await host.lookupDomain('101')).attachHostdev(eth1, both),
  detach: async (host: Connection) => (await host.lookupDomain('101')).detachHostdev(eth1, both),
  stop: async (host: Connection) => (await host.lookupDomain('101')).shutdown(),
} satisfies Record<string, (host: Connection) => Promise<unknown>>

export type ContainerWork = keyof typeof containerWorks
