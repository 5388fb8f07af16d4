import type { DetachHostdevOptions } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { take } from '../../manager/take.js'
import { describeHostdev } from '../../model/hostdev-match.js'
import { describeTarget, findHostdev, type HostdevTarget } from '../../model/hostdev-target.js'
import type { QemuGuest } from './guest.js'
import { unplug } from './hand-over.js'
import { hostGuests, unplugTimeout } from './host-guests.js'
import { type GuestHostdev, givenTo } from './hostdevs.js'
import type { QemuHost } from './qemu-host.js'
import { resolveHostdev } from './resolve.js'

/**
 * Takes a device back from a guest, and gives it back to the host where it was taken from it for the guest. Ends when
 * the guest has let go; one that let go late, after an earlier call had given up, gives back what is the host's.
 */
export async function detach(
  host: QemuHost,
  guest: QemuGuest,
  target: HostdevTarget,
  { signal, timeout = unplugTimeout }: DetachHostdevOptions,
): Promise<void> {
  await host.monitors.use(guest.path, async (qemu) => {
    const { hostdevs } = await host.look(guest)
    const found = (await find(host, hostdevs, target)) ?? letGoLate(host, guest, target)
    if (!found)
      throw new VirtError('device-missing', `the guest ${guest.name} has no ${describeTarget(target)}`, {
        domain: guest.name,
        backend: 'qemu',
      })
    const { def, id, node, record, user } = found
    const limits = { timeout, ...(signal && { signal }) }
    if (record && user) {
      const guests = hostGuests(host.monitors, host.managed.files, limits)
      await take({ ...host.managed, guests }, record, user)
    } else await unplug(qemu, { domain: guest.name, what: describeHostdev(def), id, node }, limits)
  })
}

async function find(
  host: QemuHost,
  live: readonly GuestHostdev[],
  target: HostdevTarget,
): Promise<GuestHostdev | undefined> {
  const defs = live.map(({ def }) => def)
  const def = findHostdev(defs, target) ?? findHostdev(defs, await exactly(host, target))
  return live.find((each) => each.def === def)
}

/** A USB device that is named by its ids is known to QEMU by its numbers. */
async function exactly(host: QemuHost, target: HostdevTarget): Promise<HostdevTarget> {
  if (!('kind' in target) || target.kind !== 'usb' || target.source.address) return target
  try {
    return (await resolveHostdev(host.linux, host.managed.files, target)).def
  } catch (error) {
    if (VirtError.is(error, 'device-missing', 'ambiguous')) return target
    throw error
  }
}

/** A device that the book says the guest has, and that it has no more. */
function letGoLate(host: QemuHost, guest: QemuGuest, target: HostdevTarget): GuestHostdev | undefined {
  const given = givenTo(host.managed, guest)
  const defs = given.flatMap(({ user }) => user.hostdev ?? [])
  const def = findHostdev(defs, target)
  const found = given.find(({ user }) => user.hostdev === def)
  return def && found ? { def, id: '', ...found } : undefined
}
