import { VirtError } from '../../errors.js'
import type { QemuHostdev } from '../../formats/qemu/options.js'
import type { DeviceUser, Guests } from '../../manager/guests.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { describeHostdev, sameHostDevice } from '../../model/hostdev-match.js'
import { Denied, type HostFiles } from '../../os/host-files.js'
import { plug, type UnplugOptions, unplug } from './hand-over.js'
import { backendOf, hostdevBehind } from './live.js'
import type { Monitors } from './monitors.js'

/** What libvirt calls its driver, and so the book. */
export const driver = 'QEMU'

/**
 * Milliseconds that a guest has to let go of a device, unless told; libvirt itself waits five seconds, then forgets.
 */
export const unplugTimeout = 30_000

/** How QEMU takes its part in changes of the host, also in those that were cut off. */
export function hostGuests(
  monitors: Monitors,
  files: HostFiles,
  patience: UnplugOptions = { timeout: unplugTimeout },
): Guests {
  const monitorOf = ({ at, domain }: DeviceUser): string => {
    if (at !== undefined) return at
    throw new VirtError('operation-unsupported', `the guest ${domain} has no monitor that could be asked`, { domain })
  }
  return {
    async has(user) {
      const { at, hostdev } = user
      // other hypervisors' guests are not ours to ask; of one without a monitor only who starts it can tell
      if (user.driver !== driver || !hostdev || hostdev.kind === 'other') return true
      if (at === undefined) return user.launcher === undefined || isBeingLaunched(files, user)
      try {
        return await monitors.use(at, async (qemu) => {
          // what has an alias can be found by it alone
          const named = (await monitors.namedDevices(at)).find(({ id }) => id === hostdev.alias)
          const live = named && (await hostdevBehind(qemu, named))
          return live !== undefined && isSame(live, hostdev)
        })
      } catch (error) {
        if (VirtError.is(error, 'no-connection')) return isBeingLaunched(files, user)
        throw error
      }
    },
    async give(user, _device, words) {
      await monitors.use(monitorOf(user), (qemu) => plug(qemu, words as QemuHostdev))
    },
    async take(user) {
      const { hostdev, domain } = user
      const id = hostdev && hostdev.kind !== 'other' ? hostdev.alias : undefined
      if (!hostdev || id === undefined) throw new VirtError('internal', `nobody knows what ${domain} has`, { domain })
      const node = hostdev.kind === 'scsi' ? backendOf(id) : undefined
      const device = { domain, what: describeHostdev(hostdev), id, node }
      await monitors.use(monitorOf(user), (qemu) => unplug(qemu, device, patience))
    },
  }
}

/** A guest that another process is about to start has its devices, though there is nobody yet to be asked. */
function isBeingLaunched(files: HostFiles, { launcher }: DeviceUser): boolean {
  return launcher !== undefined && beginOf(files, launcher.pid) === launcher.began
}

/** When a process began, in ticks since the host was started; `undefined` when there is none (proc(5), field 22). */
export function beginOf(files: HostFiles, pid: number): string | undefined {
  const bytes = files.bytes(`/proc/${pid}/stat`)
  if (bytes instanceof Denied) return undefined
  // the name in field 2 may hold blanks and brackets
  return new TextDecoder().decode(bytes).split(')').at(-1)?.trim().split(' ')[19]
}

/** Whether QEMU's device is the one that it was given: the same one of the host, under the same id. */
export function isSame(live: HostdevDef, given: HostdevDef): boolean {
  if (live.kind === 'other' || given.kind === 'other' || live.alias !== given.alias || live.kind !== given.kind)
    return false
  // of a logical unit QEMU knows the node only, and of an iSCSI target not all that was said
  return live.kind === 'scsi' || sameHostDevice(live, given)
}
