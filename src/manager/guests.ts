import { VirtError } from '../errors.js'
import type { DeviceUser } from './book.js'
import type { ManagedDevice } from './change.js'
import type { ManagedHost } from './managed-host.js'

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

/** Whether what a hypervisor was to do is done, as it says itself. */
export async function isHandedOver(host: ManagedHost, action: GuestAction, device: ManagedDevice): Promise<boolean> {
  const guests = guestsOf(host, device, action)
  return 'give' in action ? await guests.has(action.give, device) : !(await guests.has(action.take, device))
}

/** Has the hypervisor do its step, unless that is done. */
export async function handOver(
  host: ManagedHost,
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

function guestsOf({ guests }: ManagedHost, { name }: ManagedDevice, action: GuestAction): Guests {
  if (guests) return guests
  const { driver, domain } = 'give' in action ? action.give : action.take
  throw new VirtError(
    'operation-unsupported',
    `${name} was being handed over to or from the guest ${domain}: only a connection to its hypervisor (${driver}) can end that; recover it there`,
    { device: name, domain },
  )
}
