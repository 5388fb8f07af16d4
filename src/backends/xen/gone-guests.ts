import type { CallOptions, Recovered } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { Book } from '../../manager/book.js'
import type { DeviceRecord } from '../../manager/change.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import { notEnded } from '../../manager/recover.js'
import { giveBack, isXens } from './assignable.js'
import { presentFunction } from './pci.js'
import { pciHolder } from './pci-store.js'
import type { XenHost } from './xen-host.js'
import { isXenUser } from './xen-user.js'

/**
 * Gives managed PCI functions of guests that are gone back to their drivers: libxl leaves them with pciback when a
 * guest ends. What a guest that has rebooted was given again by libxl stays with it.
 */
export async function giveBackFromTheGone(
  host: XenHost,
  managed: ManagedHost,
  options: CallOptions,
): Promise<Recovered[]> {
  const results: Recovered[] = []
  for (const record of new Book(managed).all()) {
    if (!wasManaged(record)) continue
    const report = { verb: 'reattach', devices: [record.name], pid: process.pid }
    try {
      if (await giveBackOf(host, managed, record, options)) results.push({ ...report, result: 'finished' })
    } catch (error) {
      if (!VirtError.is(error)) throw error
      results.push({ ...report, ...notEnded(error) })
    }
  }
  return results
}

const wasManaged = ({ users = [] }: DeviceRecord): boolean =>
  users.some((user) => isXenUser(user) && user.hostdev?.kind === 'pci' && user.hostdev.managed)

/** Answers whether there was something to give back. */
async function giveBackOf(
  host: XenHost,
  managed: ManagedHost,
  { key, inode }: DeviceRecord,
  options: CallOptions,
): Promise<boolean> {
  const device = presentFunction(host, key.slice('pci-'.length))
  if (device?.inode !== inode || !(await isXens(host, device))) return false
  const isHeld = ((await new Book(managed).get(device))?.users ?? []).length > 0
  if (isHeld || (await pciHolder(host.store, device.address)) !== undefined) return false
  await giveBack(host, managed, device, options)
  return true
}
