import type { CallOptions } from '../backend.js'
import { textOf } from '../host/plain-files.js'
import type { Finding } from '../model/finding.js'
import type { HostFiles } from '../os/host-files.js'
import { Book, detachedBy } from './book.js'
import { usersWith } from './claim.js'
import type { Gift, Taking } from './gift.js'
import type { DeviceUser } from './guests.js'
import { makeChange, refuseFor } from './make-change.js'
import type { ManagedHost } from './managed-host.js'
import { takeInventory } from './preflight/inventory.js'

/** How a device is given to a guest. */
export interface GiveOptions extends CallOptions, Taking {
  /** Though the host itself needs it. */
  readonly force?: boolean
  /**
   * What the hypervisor is told; nothing where the guest is still to be started, with the device on its command line.
   */
  readonly words?: unknown
}

/**
 * Gives a device to a guest, as one change: takes it from its driver where that is wanted, has the hypervisor give it,
 * and writes into the book who has it and how the host gets it back. What fails is undone. Answers to
 * `qemuHostdevPrepareDomainDevices` and the hot-plug after it.
 *
 * @throws VirtError `operation-invalid` when another guest has it, or the host needs it, or its IOMMU group; what the
 * hypervisor says
 */
export async function give(host: ManagedHost, gift: Gift, user: DeviceUser, options: GiveOptions): Promise<void> {
  const { managed, driver, network, force = false, words, signal } = options
  const { device, writable } = gift
  const intent = { verb: 'attach', devices: [device], writable: managed ? writable : [] } as const
  await makeChange(host, intent, signal ? { signal } : {}, async () => {
    const record = await new Book(host).get(device)
    const users = usersWith(record, device, user)
    const look = await gift.look(host, await takeInventory(host, signal ? { signal } : {}), {
      managed,
      driver,
      network,
    })
    const inTheWay = look.findings.filter((finding) => !isOwnUse(host.files, finding, user))
    refuseFor(device, inTheWay, { force })
    const { key, name, inode } = device
    const detached = detachedBy(look, record)
    const handOver = { device: key, do: { give: user, words }, undo: { take: user } }
    return {
      verb: 'attach',
      devices: [device],
      steps: [...look.steps, ...(words === undefined ? [] : [handOver])],
      recovery: words === undefined ? 'undo' : 'ask',
      records: [{ key, name, inode, ...(detached && { detached }), users }],
    }
  })
}

/** Whether it is the guest itself that uses the device, or another of its IOMMU group. */
function isOwnUse(files: HostFiles, { code, facts }: Finding, { driver, domain, at }: DeviceUser): boolean {
  if (code !== 'in-use') return false
  if (facts.driver === driver && facts.domain === domain) return true
  // a guest without a name is known by the monitor on its command line
  const argv = facts.pid === undefined ? undefined : textOf(files, `/proc/${facts.pid}/cmdline`)
  return at !== undefined && (argv?.includes(at) ?? false)
}
