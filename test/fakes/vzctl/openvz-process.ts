// A process of its own that changes containers of a made-up host in a folder: the crash tests kill it, the race runs two.
import { connect, type HostdevDef } from '../../../src/index.js'
import { openvz } from '../../../src/openvz.js'
import { realFiles } from '../../../src/os/host-files-real.js'
import { FakeVzctl } from './fake-vzctl.js'
import { FolderNetwork } from './folder-network.js'

const [root = '', work = '', at = '0'] = process.argv.slice(2)
const vzctl = new FakeVzctl({ generation: 4, root, network: new FolderNetwork(root) })

/** A place where the process may be killed. */
let points = 0
const point = () => {
  if (++points === Number(at)) process.kill(process.pid, 'SIGKILL')
}

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
const conn = await connect(backend)
const guest = await conn.lookupDomain('101')
const net = (name: string): HostdevDef => ({ kind: 'net', source: { interface: name } })
const both = { live: true, config: true }

const works: Record<string, () => Promise<unknown>> = {
  attach: () => guest.attachHostdev(net('eth1'), both),
  detach: () => guest.detachHostdev(net('eth1'), both),
  stop: () => guest.shutdown(),
  recover: () => conn.recover(),

  /** Gives a stopped container 40 interfaces, one edit each, whose names begin as the last argument says. */
  async many() {
    const off = await conn.lookupDomain('102')
    for (let index = 0; index < 40; index++) await off.attachHostdev(net(`${at}${index}`), { config: true })
  },
}
await works[work]?.()
point()
console.log(points)
