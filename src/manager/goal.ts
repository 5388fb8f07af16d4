import { delay } from '../async/deadline.js'
import { fcHostByWwn, fcHosts } from '../host/fc-hosts.js'
import { exists, linesOf, linkName } from '../host/plain-files.js'
import type { PortNames } from '../model/vport.js'
import { Denied } from '../os/host-files.js'
import type { ManagedHost } from './managed-host.js'
import { isInterfaceIn } from './network-namespace.js'

/** What is to be true of a host: by it a change knows what is left to do, and whether it has worked. Plain JSON. */
export type Goal =
  /** The device in a folder of /sys is bound to that driver; to none for `null`. */
  | { readonly of: string; readonly driver: string | null }
  /** It is not bound to that driver. */
  | { readonly of: string; readonly notDriver: string }
  /** A file holds that value; one that the kernel shows as `(null)` is empty. */
  | { readonly of: string; readonly value: string }
  /** A file has that line. */
  | { readonly of: string; readonly hasLine: string }
  /** A file has no such line. */
  | { readonly of: string; readonly lacksLine: string }
  /** Something stands at that path. */
  | { readonly exists: string }
  /** Nothing does. */
  | { readonly absent: string }
  /** There is a Fibre Channel port of these names, or none. */
  | { readonly port: PortNames; readonly isThere: boolean }
  /**
   * A network interface, told by its MAC where that is known, is in a container's namespace; on the host for `null`.
   */
  | { readonly interface: string; readonly address?: string; readonly in: string | null }

/** Name of the driver that the device in a folder of /sys is bound to; `null` when there is none. */
export const driverOf = ({ files }: Pick<ManagedHost, 'files'>, folder: string): string | null =>
  linkName(files, `${folder}/driver`) ?? null

/** The value of a file as {@link Goal} compares it; read by a child, since it may block. */
export async function readValue({ writes }: Pick<ManagedHost, 'writes'>, path: string): Promise<string | Denied> {
  const text = await writes.read(path)
  if (text instanceof Denied) return text
  const value = text.trim()
  return value === '(null)' ? '' : value
}

export async function isReached(host: ManagedHost, goal: Goal): Promise<boolean> {
  if ('exists' in goal) return exists(host.files, goal.exists)
  if ('absent' in goal) return !exists(host.files, goal.absent)
  if ('port' in goal) {
    const { wwnn, wwpn } = goal.port
    return (fcHostByWwn(fcHosts(host.files), wwnn, wwpn) !== undefined) === goal.isThere
  }
  if ('interface' in goal) return await isInterfaceIn(host, goal)
  if ('driver' in goal) return driverOf(host, goal.of) === goal.driver
  if ('notDriver' in goal) return driverOf(host, goal.of) !== goal.notDriver
  if ('hasLine' in goal) return linesOf(host.files, goal.of).includes(goal.hasLine)
  if ('lacksLine' in goal) return !linesOf(host.files, goal.of).includes(goal.lacksLine)
  return (await readValue(host, goal.of)) === goal.value
}

/** The same, for as long as the kernel may need to get there: a USB device is slow to come back. */
export async function isReachedSoon(host: ManagedHost, goal: Goal, patience = 1): Promise<boolean> {
  const end = performance.now() + (host.settle ?? 1000) * patience
  for (let wait = 10; ; wait *= 2) {
    if (await isReached(host, goal)) return true
    if (performance.now() >= end) return false
    await delay(Math.min(wait, Math.max(0, end - performance.now())))
  }
}
