import { VirtError } from '../errors.js'
import type { HostdevDef } from '../model/hostdev.js'
import type { ManagedDevice } from './host-device.js'

/** Who has a device. */
export interface DeviceUser {
  /** The hypervisor, as libvirt names its drivers: QEMU, xenlight. */
  readonly driver: string
  readonly domain: string
  /** Whether others may have it at the same time, if they say so too. */
  readonly shareable?: boolean
  /** Where its hypervisor is asked: the path of a monitor. */
  readonly at?: string
  /** The device as the guest has it. */
  readonly hostdev?: HostdevDef
  /** The process that is to start the guest, for as long as that may take: when it began tells it from a later one. */
  readonly launcher?: { readonly pid: number; readonly began: string }
  /** A file of the host's that is there again once the guest has it no longer. */
  readonly until?: string
}

/** Whether two say the same guest. */
export const isSameUser = (a: DeviceUser, b: DeviceUser): boolean =>
  a.driver === b.driver && a.domain === b.domain && a.at === b.at

/** What a hypervisor does and tells for changes of its host: its backend speaks to it. */
export interface Guests {
  /** Whether a guest has a device. A guest that does not run has none; rejects when the guest cannot be asked. */
  has(user: DeviceUser, device: ManagedDevice): Promise<boolean>
  /** Gives a guest a device, as told in the hypervisor's own words. */
  give(user: DeviceUser, device: ManagedDevice, words: unknown, options: HandOverOptions): Promise<void>
  /**
   * Has a guest let go of a device, and ends when it has.
   *
   * @param words - how it was to be given, where that is undone
   */
  take(user: DeviceUser, device: ManagedDevice, words: unknown, options: HandOverOptions): Promise<void>
}

/** How a hypervisor does its step. */
export interface HandOverOptions {
  /** Descriptor of the device's lock: a program that is run for it holds on to that, should this process be killed. */
  readonly keeping?: number | undefined
}

/** A step of a change that a hypervisor does. Plain JSON. */
export type GuestAction =
  | { readonly give: DeviceUser; readonly words: unknown }
  | { readonly take: DeviceUser; readonly words?: unknown }

/** A host, as far as its hypervisor goes. */
interface HasGuests {
  readonly guests?: Guests
}

/** Whether what a hypervisor was to do is done, as it says itself. */
export async function isHandedOver(host: HasGuests, action: GuestAction, device: ManagedDevice): Promise<boolean> {
  const guests = guestsOf(host, device, action)
  return 'give' in action ? await guests.has(action.give, device) : !(await guests.has(action.take, device))
}

/** Has the hypervisor do its step, unless that is done. */
export async function handOver(
  host: HasGuests,
  action: GuestAction,
  device: ManagedDevice,
  keeping: number | undefined,
): Promise<'skipped' | 'done'> {
  if (await isHandedOver(host, action, device)) return 'skipped'
  const guests = guestsOf(host, device, action)
  if ('give' in action) await guests.give(action.give, device, action.words, { keeping })
  else await guests.take(action.take, device, action.words, { keeping })
  return 'done'
}

function guestsOf({ guests }: HasGuests, { name }: ManagedDevice, action: GuestAction): Guests {
  if (guests) return guests
  const { driver, domain } = 'give' in action ? action.give : action.take
  throw new VirtError(
    'operation-unsupported',
    `${name} was being handed over to or from the guest ${domain}: only a connection to its hypervisor (${driver}) can end that; recover it there`,
    { device: name, domain },
  )
}
