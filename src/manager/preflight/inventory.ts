import type { CallOptions } from '../../backend.js'
import { bootId } from '../../host/plain-files.js'
import type { Finding } from '../../model/finding.js'
import { Book } from '../book.js'
import { type Holder, readHolders } from '../holders.js'
import { Journal } from '../journal.js'
import type { ManagedHost } from '../managed-host.js'
import { vfioFindings } from '../vfio-support.js'
import { consoleUses } from './console-uses.js'
import { HostUses } from './host-use.js'
import { foldersAboveInterfaces, networkUses } from './network-uses.js'
import { openUses } from './open-uses.js'
import { storageUses } from './storage-uses.js'

/** Whose guests a device is to be given to. */
export type Hypervisor = 'qemu' | 'xen' | 'openvz'

/** What is found out once for all devices that are looked at: who uses what, and what the host can do. */
export interface Inventory {
  readonly host: Pick<ManagedHost, 'files' | 'state' | 'guests'>
  readonly for: Hypervisor
  readonly uses: HostUses
  /** Folders of devices that have a network interface: asked of each card, and a host may have thousands of both. */
  readonly aboveInterfaces: ReadonlySet<string>
  readonly holders: ReadonlyMap<string, readonly Holder[]>
  readonly book: Book
  readonly unfinished: readonly Journal[]
  /** What is missing for VFIO. */
  readonly vfio: readonly Finding[]
}

/** Looks at the host, as it is now. */
export async function takeInventory(
  host: Pick<ManagedHost, 'files' | 'state' | 'guests'>,
  { for: hypervisor = 'qemu', signal }: CallOptions & { for?: Hypervisor | undefined } = {},
): Promise<Inventory> {
  const { files, state } = host
  const holders = await readHolders(files, signal ? { signal } : {})
  return {
    host,
    for: hypervisor,
    uses: new HostUses([
      ...storageUses(files),
      ...networkUses(files),
      ...consoleUses(files),
      ...openUses(files, holders),
    ]),
    aboveInterfaces: foldersAboveInterfaces(files),
    holders,
    book: new Book(host),
    unfinished: Journal.unfinished(state, bootId(files)),
    vfio: vfioFindings(files),
  }
}
