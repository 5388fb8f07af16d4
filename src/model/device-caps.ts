import { VirtError } from '../errors.js'
import { nearestNames } from './device-name.js'
import type { Capability, CapabilityKind, CapabilityOf, NodeDeviceDef } from './node-device.js'

/** What of a capability counts as a kind of its own, in libvirt's order (`virNodeDeviceCapsListExport`). */
const nested: { readonly [K in CapabilityKind]?: (capability: CapabilityOf<K>) => readonly (string | false)[] } = {
  pci: (it) => [it.mdevTypes !== undefined && 'mdev_types', it.vpd !== undefined && 'vpd'],
  scsi_host: (it) => [it.fcHost !== undefined && 'fc_host', it.vportOps !== undefined && 'vports'],
  css: (it) => [it.mdevTypes !== undefined && 'mdev_types'],
  ap_matrix: (it) => [it.mdevTypes !== undefined && 'mdev_types'],
  ccw: (it) => [it.groupDevice !== undefined && 'ccwgroup_member'],
}

/**
 * Words for what a device is: its kinds, each followed by the nested capabilities that count as kinds. `vport_ops` is
 * called `vports` here, as libvirt does (`virNodeDeviceListCaps`).
 */
export function listCapabilities(def: NodeDeviceDef): string[] {
  return def.capabilities.flatMap((capability) => [wordOf(capability), ...insideOf(capability)])
}

const wordOf = (capability: Capability): string => (capability.kind === 'other' ? capability.type : capability.kind)

function insideOf(capability: Capability): string[] {
  if (capability.kind === 'other') return []
  const inside = nested[capability.kind] as ((it: Capability) => (string | false)[]) | undefined
  return inside?.(capability).filter((word) => word !== false) ?? []
}

/** The bus each kind of device is on, as far as it is on one; buses by the kernel's names (/sys/bus). */
const busOf: { readonly [K in CapabilityKind]?: string } = {
  pci: 'pci',
  usb_device: 'usb',
  usb: 'usb',
  scsi_host: 'scsi',
  scsi_target: 'scsi',
  scsi: 'scsi',
  mdev: 'mdev',
  ccw: 'ccw',
  ccwgroup: 'ccwgroup',
  css: 'css',
  vdpa: 'vdpa',
  ap_card: 'ap',
  ap_queue: 'ap',
  ap_matrix: 'ap',
}

/** Every bus by which devices can be listed. */
export const buses: readonly string[] = [...new Set(Object.values(busOf))].sort()

const words = (wanted: string | readonly string[] | undefined): readonly string[] | undefined =>
  typeof wanted === 'string' ? [wanted] : wanted

/**
 * The buses that a filter names, as a list.
 *
 * @throws VirtError `invalid-argument` for one that is not known; an unknown capability, in contrast, matches nothing,
 * as in libvirt
 */
export function busesOf(filter: { bus?: string | readonly string[] }): readonly string[] | undefined {
  const wanted = words(filter.bus)
  const unknown = wanted?.find((bus) => !buses.includes(bus))
  if (unknown === undefined) return wanted
  throw new VirtError('invalid-argument', `'${unknown.slice(0, 100)}' is no bus; the known are ${buses.join(', ')}`, {
    candidates: nearestNames(unknown, buses),
  })
}

/** Words that are the capabilities nested in those of a kind. */
const nestedWords: { readonly [K in CapabilityKind]?: readonly string[] } = {
  pci: ['mdev_types', 'vpd'],
  scsi_host: ['fc_host', 'vports'],
  css: ['mdev_types'],
  ap_matrix: ['mdev_types'],
  ccw: ['ccwgroup_member'],
}

/**
 * Whether the kind alone decides that a device matches: a host need not read devices of which it knows the kind.
 *
 * @throws VirtError `invalid-argument` for a bus that is not known
 */
export function mayMatch(
  kind: CapabilityKind,
  filter: { capability?: string | readonly string[]; bus?: string | readonly string[] },
): 'yes' | 'no' | 'perhaps' {
  const buses = busesOf(filter)
  if (buses && !buses.includes(busOf[kind] ?? '')) return 'no'
  const capabilities = words(filter.capability)
  if (!capabilities || capabilities.includes(kind)) return 'yes'
  return nestedWords[kind]?.some((word) => capabilities.includes(word)) ? 'perhaps' : 'no'
}

/** Whether a device has one of the capabilities and is on one of the buses that are asked for. */
export function matchesFilter(
  def: NodeDeviceDef,
  filter: { capability?: string | readonly string[]; bus?: string | readonly string[] },
): boolean {
  const capabilities = words(filter.capability)
  if (capabilities) {
    const isWanted = (word: string) => capabilities.includes(word)
    if (!def.capabilities.some((each) => isWanted(wordOf(each)) || insideOf(each).some(isWanted))) return false
  }
  const wanted = busesOf(filter)
  return !wanted || def.capabilities.some(({ kind }) => wanted.includes(busOf[kind] ?? ''))
}

/** Whether a device is in the state that is asked for: there or only defined, lasting or not. */
export function matchesState(
  device: { active: boolean; persistent: boolean },
  filter: { state?: 'active' | 'inactive'; persistence?: 'persistent' | 'transient' },
): boolean {
  const { state, persistence } = filter
  return (
    (state === undefined || (state === 'active') === device.active) &&
    (persistence === undefined || (persistence === 'persistent') === device.persistent)
  )
}
