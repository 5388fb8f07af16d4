import { VirtError } from '../errors.js'
import { nearestNames } from './device-name.js'

/**
 * The bit of each capability in `virConnectListAllNodeDevicesFlags` (libvirt-nodedev.h), by libvirt's word for it in
 * lists (`virNodeDevCapType`). It is `vports` here and `vport_ops` in XML.
 */
export const capabilityFlags = {
  system: 1 << 0,
  pci: 1 << 1,
  usb_device: 1 << 2,
  usb: 1 << 3,
  net: 1 << 4,
  scsi_host: 1 << 5,
  scsi_target: 1 << 6,
  scsi: 1 << 7,
  storage: 1 << 8,
  fc_host: 1 << 9,
  vports: 1 << 10,
  scsi_generic: 1 << 11,
  drm: 1 << 12,
  mdev_types: 1 << 13,
  mdev: 1 << 14,
  ccw: 1 << 15,
  css: 1 << 16,
  vdpa: 1 << 17,
  ap_card: 1 << 18,
  ap_queue: 1 << 19,
  ap_matrix: 1 << 20,
  vpd: 1 << 21,
  /** libvirt 11.1, as the next. */
  ccwgroup: 1 << 22,
  ccwgroup_member: 1 << 23,
} as const

/** A word for a capability by which devices are listed. */
export type CapabilityWord = keyof typeof capabilityFlags

/** The bits for a device's definition and presence. Bit 31 is beyond JavaScript's signed operators, hence no shift. */
export const stateFlags = {
  /** libvirt 10.1, as the next. */
  persistent: 0x1000_0000,
  transient: 0x2000_0000,
  inactive: 0x4000_0000,
  active: 0x8000_0000,
} as const

/** `VIR_NODE_DEVICE_XML_INACTIVE`: the definition rather than the device that is there. */
export const xmlInactiveFlag = 1

/** `VIR_NODE_DEVICE_CREATE_XML_VALIDATE` and `VIR_NODE_DEVICE_DEFINE_XML_VALIDATE`. */
export const xmlValidateFlag = 1

/** `virNodeDeviceUpdateFlags`. */
export const updateFlags = { current: 0, live: 1, config: 2 } as const

/** `virNodeDeviceEventID`. */
export const eventIds = { lifecycle: 0, update: 1 } as const

/** `virNodeDeviceEventLifecycleType`, by number. */
export const lifecycleEvents = ['created', 'deleted', 'defined', 'undefined'] as const

/** Which devices a list call is asked for. */
export interface FlaggedFilter {
  capability?: string | readonly string[]
  state?: 'active' | 'inactive'
  persistence?: 'persistent' | 'transient'
}

/**
 * The flags of `virConnectListAllNodeDevices` for a filter, as an unsigned number.
 *
 * @throws VirtError `invalid-argument` for a capability that has no flag
 */
export function listFlags({ capability = [], state, persistence }: FlaggedFilter): number {
  const words = typeof capability === 'string' ? [capability] : capability
  const bits: number[] = words.map(capabilityFlag)
  if (state) bits.push(stateFlags[state])
  if (persistence) bits.push(stateFlags[persistence])
  return bits.reduce((flags, bit) => (flags | bit) >>> 0, 0)
}

function capabilityFlag(word: string): number {
  if (Object.hasOwn(capabilityFlags, word)) return capabilityFlags[word as CapabilityWord]
  const candidates = nearestNames(word, Object.keys(capabilityFlags))
  throw new VirtError('invalid-argument', `'${word.slice(0, 100)}' is no capability to list devices by`, { candidates })
}
