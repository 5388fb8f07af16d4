import type { CallOptions } from '../backend.js'
import { VirtError } from '../errors.js'
import { Book } from './book.js'
import { type DeviceRecord, reverse, type Step } from './change.js'
import { usersWithout } from './claim.js'
import { driverOf } from './goal.js'
import { type DeviceUser, isHandedOver, isSameUser } from './guests.js'
import { readHolders } from './holders.js'
import { type HostDevice, hostDevice } from './host-device.js'
import { makeChange } from './make-change.js'
import type { ManagedHost } from './managed-host.js'
import { readUsbDevice, usbReleaseSteps } from './usb-device.js'
import { vfioNodes } from './vfio-nodes.js'

/**
 * Takes a device back from a guest, as one change: has the hypervisor take it, gives it back to the driver that it had
 * where it was taken from it for the guest, and strikes the guest out of the book.
 *
 * A driver that does not take it back leaves it as the guest has had it, held for guests; the book stays as it was, and
 * by that {@link takeFromTheGone} gives it back later.
 *
 * @param record - what the book says of the device, which may have left the host since
 * @throws VirtError what the hypervisor says; the guest has the device still then. Or why the host's driver has not
 * taken it back, and that it is to be recovered
 */
export async function take(
  host: ManagedHost,
  record: DeviceRecord,
  user: DeviceUser,
  options: CallOptions = {},
): Promise<void> {
  const { key, name, inode } = record
  const intent = { verb: 'unplug', devices: [record], writable: [] } as const
  const change = makeChange(host, intent, options, async () => {
    const now = new Book(host).read(key) ?? record
    const users = usersWithout(now, user)
    const back = user.hostdev && 'managed' in user.hostdev && user.hostdev.managed && users.length === 0
    return {
      verb: 'unplug',
      devices: [{ key, name }],
      steps: [{ device: key, do: { take: user } }, ...(back ? givingBack(host, now) : [])],
      recovery: 'ask',
      records: [{ key, name, inode, ...(!back && now.detached && { detached: now.detached }), users }],
    }
  })
  try {
    await change
  } catch (error) {
    // what hangs says itself that it is to be recovered
    if (!VirtError.is(error) || error.code === 'timeout') throw error
    if (!(await isHandedOver(host, { take: user }, record))) throw error
    const kept = `the guest ${user.domain} has let go of it, and the host keeps it from its driver`
    throw new VirtError(error.code, `${error.message}; ${kept}: recover it when that is mended`, {
      ...error.details,
      domain: user.domain,
      cause: error,
    })
  }
}

/** A device that the host was to be given back. */
export interface GivenBack {
  readonly device: string
  /** Why it was not. */
  readonly failure: VirtError | undefined
}

/**
 * Gives back what guests had that are gone, as the book has it: guests that were killed, or whose devices were taken by
 * nobody. A device that this fails for keeps no other from being given back.
 *
 * @param isGone - which they are, for one who knows; the hypervisor is asked unless told
 * @returns each device when it has been tried, and why it is not given back: `resource-busy` when a
 * process still has it open
 */
export async function* takeFromTheGone(
  host: ManagedHost,
  options: CallOptions = {},
  isGone?: (user: DeviceUser) => boolean,
): AsyncGenerator<GivenBack, void> {
  const book = new Book(host)
  for (const record of book.all()) {
    const users = isGone ? [] : ((await book.get(record))?.users ?? [])
    const lost = isGone ?? ((user: DeviceUser) => !users.some((other) => isSameUser(other, user)))
    const gone = (record.users ?? []).filter(lost)
    if (gone.length === 0) continue
    yield { device: record.name, failure: await failureOf(giveBackFrom(host, record, gone, options)) }
  }
}

async function failureOf(call: Promise<void>): Promise<VirtError | undefined> {
  try {
    await call
    return undefined
  } catch (error) {
    if (VirtError.is(error)) return error
    throw error
  }
}

async function giveBackFrom(
  host: ManagedHost,
  record: DeviceRecord,
  gone: readonly DeviceUser[],
  options: CallOptions,
): Promise<void> {
  const { key, name, inode, detached } = record
  const intent = { verb: 'reattach', devices: [record], writable: [] } as const
  await makeChange(host, intent, options, async () => {
    const users = (record.users ?? []).filter((user) => !gone.includes(user))
    const managed = gone.some(({ hostdev }) => hostdev && 'managed' in hostdev && hostdev.managed)
    const back = managed && users.length === 0
    // a process that was killed has its devices until the kernel has ended it
    if (back && detached) await refuseHeld(host, record)
    const steps = back && detached ? givingBack(host, record) : orphaned(host, record)
    return {
      verb: 'reattach',
      devices: [{ key, name }],
      steps,
      recovery: 'finish',
      records: [{ key, name, inode, ...(!back && detached && { detached }), users }],
    }
  })
}

/** @throws VirtError `resource-busy` while a process has the device open, whose driver the kernel would wait for */
async function refuseHeld(host: ManagedHost, record: DeviceRecord): Promise<void> {
  const { name: device } = record
  const there = stillThere(host, record)
  const nodes = there ? vfioNodes(host.files, there.folder) : []
  const holders = nodes.length === 0 ? undefined : await readHolders(host.files)
  const [holder] = nodes.flatMap((node) => holders?.get(node) ?? [])
  if (!holder) return
  const { program, pid } = holder
  throw new VirtError('resource-busy', `${device} is still held by ${program}, process ${pid}; end that first`, {
    device,
  })
}

/** The reverse of how the device was taken; nothing when it has left the host, or another driver has it by now. */
function givingBack(host: ManagedHost, record: DeviceRecord): Step[] {
  const device = stillThere(host, record)
  if (!device || !record.detached) return []
  const driver = driverOf(host, device.folder)
  return record.key.startsWith('usb-') || driver === null || driver === record.detached.driver
    ? reverse(record.detached.steps)
    : []
}

/**
 * A hypervisor that is killed gives no interface of a USB device back to its driver, as it does when it ends in order.
 */
function orphaned(host: ManagedHost, record: DeviceRecord): Step[] {
  const device = record.key.startsWith('usb-') ? stillThere(host, record) : undefined
  return device ? usbReleaseSteps(readUsbDevice(host.files, sysnameIn(record))) : []
}

const sysnameIn = ({ key }: DeviceRecord): string => key.slice(key.indexOf('-') + 1)

/** The device of a record; `undefined` when it is unplugged, and when another has come to its place. */
function stillThere({ files }: ManagedHost, record: DeviceRecord): HostDevice | undefined {
  const { key, name, inode } = record
  try {
    const device = hostDevice(files, key.slice(0, key.indexOf('-')), sysnameIn(record), name)
    return device.inode === inode ? device : undefined
  } catch (error) {
    if (VirtError.is(error, 'device-missing')) return undefined
    throw error
  }
}
