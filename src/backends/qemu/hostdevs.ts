import { Book } from '../../manager/book.js'
import type { DeviceRecord } from '../../manager/change.js'
import type { DeviceUser } from '../../manager/guests.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import type { HostdevDef } from '../../model/hostdev.js'
import type { HostFiles } from '../../os/host-files.js'
import type { QmpClient } from '../../wire/qmp/client.js'
import type { Machine } from './buses.js'
import type { QemuGuest } from './guest.js'
import { driver, isSame } from './host-guests.js'
import { liveHostdevs } from './live.js'
import { adapterOf } from './resolve.js'

/** A host device of a guest, where QEMU has it, and what the book says of it when it was given by this library. */
export interface GuestHostdev {
  readonly def: HostdevDef
  /** By which QEMU is told of it: its id, or its path in the object model where it has none. */
  readonly id: string
  /** The block node that goes with it. */
  readonly node?: string
  readonly record?: DeviceRecord
  readonly user?: DeviceUser
}

/**
 * The host devices of a guest that runs. QEMU says which there are; of those that this library has given, the book
 * knows the def, with what is none of QEMU's business.
 */
export async function hostdevsOf(
  qemu: QmpClient,
  machine: Machine,
  host: Pick<ManagedHost, 'files' | 'state'>,
  guest: QemuGuest,
): Promise<GuestHostdev[]> {
  const given = givenTo(host, guest)
  return (await liveHostdevs(qemu, machine)).map(({ def, id, path, node }) => {
    const known = given.find(({ user }) => user.hostdev && isSame(def, user.hostdev))
    return {
      def: known?.user.hostdev ?? onHost(host.files, def),
      id: id ?? path,
      ...(node !== undefined && { node }),
      ...known,
    }
  })
}

/** What the book says that a guest has. */
export const givenTo = (
  host: Pick<ManagedHost, 'files' | 'state'>,
  guest: Pick<QemuGuest, 'name' | 'path'>,
): { record: DeviceRecord; user: DeviceUser }[] =>
  new Book(host)
    .all()
    .flatMap((record) =>
      (record.users ?? []).flatMap((user) =>
        user.driver === driver && (user.at === guest.path || (user.at === undefined && user.domain === guest.name))
          ? [{ record, user }]
          : [],
      ),
    )

/** QEMU knows a logical unit by its node, libvirt by where it is. */
function onHost(files: HostFiles, def: HostdevDef): HostdevDef {
  if (def.kind !== 'scsi' || def.source.kind !== 'generic') return def
  return { ...def, source: adapterOf(files, def.source.name) }
}
