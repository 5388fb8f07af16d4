import { LinuxHost } from '../../src/host/linux-host.js'
import { Book } from '../../src/manager/book.js'
import { detach } from '../../src/manager/detach.js'
import { giftOf } from '../../src/manager/gift.js'
import { give } from '../../src/manager/give.js'
import type { ManagedHost } from '../../src/manager/managed-host.js'
import { reattach } from '../../src/manager/reattach.js'
import { recover } from '../../src/manager/recover.js'
import { take, takeFromTheGone } from '../../src/manager/take.js'
import type { NodeDeviceDef } from '../../src/model/node-device.js'
import { folderGuest } from './folder-guest.js'
import { folderHost, Lifetime } from './folder-host.js'
import { virtualWorks } from './virtual-works.js'

const hostdev = {
  kind: 'pci',
  managed: true,
  source: { address: { domain: 0, bus: 2, slot: 0, function: 0 } },
} as const
const guest = { driver: 'QEMU', domain: 'web', hostdev }

/** What is done to a made-up host in a folder, by a process of its own or in that of the test. */
export async function workOn(folder: string, work: string, life = new Lifetime()): Promise<void> {
  const { managed } = folderHost(folder, life)
  const perform = works[work]
  if (!perform) throw new Error(`there is no work ${work}`)
  await perform({ managed, withGuest: { ...managed, guests: folderGuest(folder, life.point) } })
  life.point()
}

interface Hosts {
  readonly managed: ManagedHost
  /** The same, with the hypervisor of its guest. */
  readonly withGuest: ManagedHost
}

export async function defOf({ files }: ManagedHost, name: string): Promise<NodeDeviceDef> {
  const def = await new LinuxHost({ files }).lookup(name, {})
  if (!def) throw new Error(`the host has no ${name}`)
  return def
}

const giveTo = async (host: ManagedHost, name: string) =>
  await give(host, giftOf(host.files, await defOf(host, name)), guest, { managed: true, words: {} })

const works: Record<string, (hosts: Hosts) => Promise<unknown>> = {
  detach: async ({ managed }) => detach(managed, await defOf(managed, 'pci_0000_02_00_0'), {}),
  detachGroup: async ({ managed }) => detach(managed, await defOf(managed, 'pci_0000_01_00_0'), { wholeGroup: true }),
  detachUsb: async ({ managed }) => detach(managed, await defOf(managed, 'usb_1_1'), {}),
  reattach: async ({ managed }) => reattach(managed, await defOf(managed, 'pci_0000_02_00_0'), {}),
  reattachUsb: async ({ managed }) => reattach(managed, await defOf(managed, 'usb_1_1'), {}),
  recover: ({ managed }) => recover(managed),
  ...Object.fromEntries(
    Object.entries(virtualWorks).map(([work, perform]) => [work, ({ managed }: Hosts) => perform(managed)]),
  ),
  give: ({ withGuest }) => giveTo(withGuest, 'pci_0000_02_00_0'),
  giveUsb: ({ withGuest }) => giveTo(withGuest, 'usb_1_1'),
  async take({ withGuest }) {
    const [record] = new Book(withGuest).all()
    if (record) await take(withGuest, record, guest)
  },
  async recoverGuests({ withGuest }) {
    await recover(withGuest)
    for await (const { failure } of takeFromTheGone(withGuest)) if (failure) throw failure
  },
}
