import { VirtError } from '../errors.js'
import { Book } from './book.js'
import type { DeviceRecord } from './change.js'
import { DeviceLocks } from './device-locks.js'
import { type DeviceUser, isSameUser } from './guests.js'
import type { HostDevice } from './host-device.js'
import type { ManagedHost } from './managed-host.js'

/**
 * Writes into the book that a guest has a device, before the guest is given it: no hypervisor asks the others, and QEMU
 * takes a USB device that another QEMU has. A guest that has it already may say so again.
 *
 * @throws VirtError `operation-invalid` (libvirt's 55) when another guest has it, unless both of them share it;
 * `resource-busy` while it is being changed
 */
export async function claim(host: ManagedHost, device: HostDevice, user: DeviceUser): Promise<void> {
  using _ = await DeviceLocks.take(host.state, [device], `give to ${user.domain}`)
  const book = new Book(host)
  const record = await book.get(device)
  book.put({ ...device, ...record, users: usersWith(record, device, user) })
}

/**
 * The users of a device when another has come.
 *
 * @throws VirtError `operation-invalid` (libvirt's 55) when another guest has it, unless both of them share it
 */
export function usersWith(
  record: DeviceRecord | undefined,
  { name }: Pick<HostDevice, 'name'>,
  user: DeviceUser,
): DeviceUser[] {
  const { shareable = false } = user
  const others = usersWithout(record, user)
  const inTheWay = others.find((other) => !shareable || !other.shareable)
  if (!inTheWay) return [...others, user]
  const how = shareable || inTheWay.shareable ? ', and not both share it' : ''
  throw new VirtError(
    'operation-invalid',
    `${name} is in use by driver ${inTheWay.driver}, domain ${inTheWay.domain}${how}; detach it there first`,
    { device: name, domain: inTheWay.domain },
  )
}

/** The users of a device when one has gone. */
export const usersWithout = (record: DeviceRecord | undefined, user: DeviceUser): DeviceUser[] =>
  (record?.users ?? []).filter((other) => !isSameUser(other, user))

/** Strikes a guest that has given a device back out of the book. */
export async function release(host: ManagedHost, device: HostDevice, user: DeviceUser): Promise<void> {
  using _ = await DeviceLocks.take(host.state, [device], `take from ${user.domain}`)
  const book = new Book(host)
  const record = await book.get(device, { leaving: user })
  if (record) book.put(record)
}
