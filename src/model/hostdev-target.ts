import { parseXml } from '../xml/parse.js'
import { readHost2007Target } from './dialects/host-2007.js'
import type { GuestAddress } from './hostdev/guest-address.js'
import type { HostdevDef } from './hostdev.js'
import { readHostdev } from './hostdev-dialects.js'
import { describeHostdev, sameHostDevice } from './hostdev-match.js'
import { guestInterface } from './interface.js'
import { hostdevOfInterface } from './interface-hostdev.js'

/** Where a guest has a device: the alias that it got there, or the address at which the guest sees it. */
export type GuestPlace = { readonly alias: string } | { readonly address: GuestAddress }

/** Which of a guest's host devices is meant: by what it is on the host, or by where the guest has it. */
export type HostdevTarget = HostdevDef | GuestPlace

/**
 * Reads which host device is meant: a hostdev in any dialect, libvirt's `<interface>` of one, or what the proposal of
 * July 2007 detaches by, the `<target dev='001.005'/>` that the hypervisor has filled in, alone or in its `<host>`.
 *
 * @throws VirtError `xml-syntax`, `xml-invalid`, `limit-exceeded`
 */
export function parseHostdevTarget(source: string | Uint8Array): HostdevTarget {
  const element = parseXml(source)
  const address = readHost2007Target(element)
  if (address) return { address }
  const behind = element.name === guestInterface.root ? hostdevOfInterface(guestInterface.read(element)) : undefined
  return behind ?? readHostdev(element)
}

/** The host device that is meant: the alias decides where there is one, then the place, then what it is on the host. */
export function findHostdev(hostdevs: readonly HostdevDef[], target: HostdevTarget): HostdevDef | undefined {
  const alias = aliasOf(target)
  const byAlias = alias === undefined ? undefined : hostdevs.find((each) => aliasOf(each) === alias)
  if (byAlias || !isDef(target)) return byAlias ?? ('address' in target ? at(hostdevs, target.address) : undefined)
  return hostdevs.find((each) => sameHostDevice(each, target))
}

/** What is meant, in words for messages. */
export function describeTarget(target: HostdevTarget): string {
  if (isDef(target)) return describeHostdev(target)
  if ('alias' in target) return `host device ${JSON.stringify(target.alias)}`
  const { kind, ...numbers } = target.address
  return `host device at ${kind} ${Object.values(numbers).map(String).join(':')}`
}

const isDef = (target: HostdevTarget): target is HostdevDef => 'kind' in target

const aliasOf = (target: HostdevTarget): string | undefined =>
  'alias' in target && typeof target.alias === 'string' ? target.alias : undefined

function at(hostdevs: readonly HostdevDef[], address: GuestAddress): HostdevDef | undefined {
  const wanted = placeKey(address)
  return hostdevs.find((each) => each.kind !== 'other' && 'address' in each && placeKey(each.address) === wanted)
}

/** Two addresses are one place when their numbers are equal, in whatever order they were written. */
const placeKey = (address: GuestAddress | undefined): string | undefined =>
  address && JSON.stringify(Object.entries(address).sort(([a], [b]) => (a < b ? -1 : 1)))
