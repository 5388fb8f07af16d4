// A process of its own that changes a guest of a played Xen: the crash tests kill it.
import { subscribe } from 'node:diagnostics_channel'
import { connect } from '../../src/api/connect.js'
import { xen } from '../../src/backends/xen/xen.js'
import { openStore } from '../../src/wire/xenstore/open.js'
import { folderHost } from './folder-host.js'
import { PlayedXl } from './xen-xl.js'

const [folder = '', store = '', work = '', at = '0'] = process.argv.slice(2)
const { managed, kernel, point, points } = folderHost(folder, Number(at))
// each request is a point, as each value is that is written
subscribe('hostdev:xenstore', (message) => {
  if ((message as { direction: string }).direction === 'sent') point()
})
const own = await openStore({ path: store })
const xl = new PlayedXl(own, kernel, async () => ({ stdout: '', stderr: '' }))
xl.before = point
const { files, writes } = managed
const host = await connect(xen({ store, files, writes, run: xl.run, stateFolder: `${folder}/state`, configs: folder }))
const guest = await host.lookupDomain('alpha')
const both = [5, 6].map((device) => ({ kind: 'usb', managed: false, source: { address: { bus: 1, device } } }) as const)

const nic = {
  kind: 'pci',
  managed: true,
  source: { address: { domain: 0, bus: 2, slot: 0, function: 0 } },
} as const
const card = await host.lookupNodeDevice('pci_0000_02_00_0')

const works: Record<string, () => Promise<unknown>> = {
  attach: () => guest.attachHostdevs(both),
  detach: () => guest.detachHostdevs(both),
  attachController: () => guest.attachController({ ports: 2 }),
  detachController: () => guest.detachController(0),
  assign: () => card.detach(),
  unassign: () => card.reattach(),
  attachPci: () => guest.attachHostdev(nic),
  detachPci: () => guest.detachHostdev(nic),
  async clear() {
    for (const def of await guest.hostdevs()) if (def.kind === 'pci') await guest.detachHostdev(def)
    await card.reattach()
    for (const { index = 0 } of await guest.controllers()) await guest.detachController(index)
  },
}
await works[work]?.()
await host.close()
own.close()
point()
console.log(points())
