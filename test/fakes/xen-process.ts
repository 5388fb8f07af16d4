// A process of its own that changes a guest of a played Xen: the crash tests kill it.
import { subscribe } from 'node:diagnostics_channel'
import { connect } from '../../src/api/connect.js'
import { xen } from '../../src/backends/xen/xen.js'
import { folderHost } from './folder-host.js'

const [folder = '', store = '', work = '', at = '0'] = process.argv.slice(2)
const { managed, point, points } = folderHost(folder, Number(at))
// each request is a point, as each value is that is written
subscribe('hostdev:xenstore', (message) => {
  if ((message as { direction: string }).direction === 'sent') point()
})
const host = await connect(
  xen({ store, files: managed.files, writes: managed.writes, stateFolder: `${folder}/state`, configs: folder }),
)
const guest = await host.lookupDomain('alpha')
const modem = { kind: 'usb', managed: false, source: { address: { bus: 1, device: 5 } } } as const

const works: Record<string, () => Promise<unknown>> = {
  attach: () => guest.attachHostdev(modem),
  detach: () => guest.detachHostdev(modem),
  attachController: () => guest.attachController({ ports: 2 }),
  detachController: () => guest.detachController(0),
  async clear() {
    for (const { index = 0 } of await guest.controllers()) await guest.detachController(index)
  },
}
await works[work]?.()
await host.close()
point()
console.log(points())
