import { VirtError } from '../errors.js'
import { Book, type DeviceUser } from './book.js'
import { DeviceLocks } from './device-locks.js'
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
  const { driver, domain, shareable = false } = user
  using _ = await DeviceLocks.take(host.state, [device], `give to ${domain}`)
  const book = new Book(host)
  const record = await book.get(device)
  const others = (record?.users ?? []).filter((other) => !isSame(other, user))
  const inTheWay = others.find((other) => !shareable || !other.shareable)
  if (inTheWay) {
    const how = shareable || inTheWay.shareable ? ', and not both share it' : ''
    throw new VirtError(
      'operation-invalid',
      `${device.name} is in use by driver ${inTheWay.driver}, domain ${inTheWay.domain}${how}; detach it there first`,
      { device: device.name, domain: inTheWay.domain },
    )
  }
  book.put({ ...device, ...record, users: [...others, { driver, domain, ...(shareable && { shareable }) }] })
}

/** Strikes a guest that has given a device back out of the book. */
export async function release(host: ManagedHost, device: HostDevice, user: DeviceUser): Promise<void> {
  using _ = await DeviceLocks.take(host.state, [device], `take from ${user.domain}`)
  const book = new Book(host)
  const record = await book.get(device)
  if (record) book.put({ ...record, users: (record.users ?? []).filter((other) => !isSame(other, user)) })
}

const isSame = (a: DeviceUser, b: DeviceUser): boolean => a.driver === b.driver && a.domain === b.domain
