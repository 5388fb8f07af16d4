// A process of its own that changes a made-up host in a folder: the crash tests kill it, the race tests run two.
import { createInterface } from 'node:readline'
import { VirtError } from '../../src/errors.js'
import { LinuxHost } from '../../src/host/linux-host.js'
import { Book } from '../../src/manager/book.js'
import { claim } from '../../src/manager/claim.js'
import { detach } from '../../src/manager/detach.js'
import { giftOf } from '../../src/manager/gift.js'
import { give } from '../../src/manager/give.js'
import type { ManagedHost } from '../../src/manager/managed-host.js'
import { readPciFunction } from '../../src/manager/pci-function.js'
import { reattach } from '../../src/manager/reattach.js'
import { recover } from '../../src/manager/recover.js'
import { take, takeFromTheGone } from '../../src/manager/take.js'
import type { NodeDeviceDef } from '../../src/model/node-device.js'
import { folderGuest } from './folder-guest.js'
import { folderHost } from './folder-host.js'
import { virtualWorks } from './virtual-works.js'

const [folder = '', work = '', at = '0'] = process.argv.slice(2)
const host = folderHost(folder, Number(at))
const def = async (name: string) =>
  (await new LinuxHost({ files: host.managed.files }).lookup(name, {})) as NodeDeviceDef

const hostdev = {
  kind: 'pci',
  managed: true,
  source: { address: { domain: 0, bus: 2, slot: 0, function: 0 } },
} as const
const guest = { driver: 'QEMU', domain: 'web', hostdev }
const withGuest = (managed: ManagedHost): ManagedHost => ({ ...managed, guests: folderGuest(folder, host.point) })
const giveTo = async (managed: ManagedHost, name: string) =>
  await give(withGuest(managed), giftOf(managed.files, await def(name)), guest, { managed: true, words: {} })
const takeFrom = async (managed: ManagedHost) => {
  const [record] = new Book(managed).all()
  if (record) await take(withGuest(managed), record, guest)
}

const works: Record<string, (managed: ManagedHost) => Promise<unknown>> = {
  detach: async (managed) => detach(managed, await def('pci_0000_02_00_0'), {}),
  detachGroup: async (managed) => detach(managed, await def('pci_0000_01_00_0'), { wholeGroup: true }),
  detachUsb: async (managed) => detach(managed, await def('usb_1_1'), {}),
  reattach: async (managed) => reattach(managed, await def('pci_0000_02_00_0'), {}),
  reattachUsb: async (managed) => reattach(managed, await def('usb_1_1'), {}),
  recover,
  ...virtualWorks,
  give: (managed) => giveTo(managed, 'pci_0000_02_00_0'),
  giveUsb: (managed) => giveTo(managed, 'usb_1_1'),
  take: takeFrom,
  recoverGuests: async (managed) => {
    await recover(withGuest(managed))
    for await (const { failure } of takeFromTheGone(withGuest(managed))) if (failure) throw failure
  },

  /** For each line on standard input, tries to get the device for the guest that the line names. */
  async race(managed) {
    for await (const domain of createInterface({ input: process.stdin })) {
      const device = readPciFunction(managed.files, '0000:02:00.0')
      try {
        await detach(managed, await def(device.name), {})
        await claim(managed, device, { driver: 'QEMU', domain })
        console.log('won')
      } catch (error) {
        console.log(VirtError.is(error) ? `${error.code}: ${error.message}` : String(error))
      }
    }
  },
}

await works[work]?.(host.managed)
host.point()
if (work !== 'race') console.log(host.points())
