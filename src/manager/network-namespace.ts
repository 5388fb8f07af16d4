import { VirtError } from '../errors.js'
import { exists, textOf } from '../host/plain-files.js'
import type { ManagedHost } from './managed-host.js'

/** A network interface, as `ip -json link` tells it. */
export interface NetworkLink {
  readonly name: string
  /** Its MAC, in small letters. */
  readonly address: string
}

/**
 * The network interfaces in the namespace of a container, which vzctl names by the container; `undefined` where it
 * cannot be looked into: OpenVZ's own kernels before 7 have no named namespaces, and old versions of ip no JSON.
 */
export async function linksInside(
  { run }: Pick<ManagedHost, 'run'>,
  container: string,
): Promise<NetworkLink[] | undefined> {
  try {
    const { stdout } = await run(['ip', '-json', '-netns', container, 'link', 'show'])
    return parseLinks(stdout)
  } catch (error) {
    if (VirtError.is(error, 'unsupported', 'operation-failed')) return undefined
    throw error
  }
}

/** The MAC of an interface of the host; `undefined` when there is none. */
export const addressOf = ({ files }: Pick<ManagedHost, 'files'>, name: string): string | undefined =>
  textOf(files, `/sys/class/net/${name}/address`)

/** Whether an interface is where it is meant to be: in a container, or on the host for `null`. */
export async function isInterfaceIn(
  host: Pick<ManagedHost, 'files' | 'run'>,
  { interface: name, address, in: container }: { interface: string; address?: string; in: string | null },
): Promise<boolean> {
  const isHere = exists(host.files, `/sys/class/net/${name}`)
  if (container === null) return isHere && (address === undefined || addressOf(host, name) === address)
  if (isHere) return false
  const inside = await linksInside(host, container)
  // where nobody can look, having left the host has to do
  return inside?.some((link) => link.name === name && (address === undefined || link.address === address)) ?? true
}

/** What the command prints is made of names that a container's root has chosen. */
function parseLinks(text: string): NetworkLink[] | undefined {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  if (!Array.isArray(found)) return undefined
  return found.flatMap((each: unknown) => {
    if (typeof each !== 'object' || each === null || !('ifname' in each) || typeof each.ifname !== 'string') return []
    const address = 'address' in each && typeof each.address === 'string' ? each.address.toLowerCase() : ''
    return [{ name: each.ifname, address }]
  })
}
