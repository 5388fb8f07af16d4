import { VirtError } from '../errors.js'
import type { PciExpressLink } from './kinds/pci.js'

/**
 * Reads a little-endian number of 1, 2 or 4 bytes from a PCI function's configuration space; `undefined` where the
 * space, or what may be read of it, has ended. Config reads are slow, so nothing is read that is not asked for.
 */
export type ReadConfig = (at: number, bytes: 1 | 2 | 4) => number | undefined

/** Offsets and bits of include/uapi/linux/pci_regs.h. */
const reg = {
  vendor: 0x00,
  device: 0x02,
  status: 0x06,
  revision: 0x08,
  class: 0x09,
  headerType: 0x0e,
  capabilityList: 0x34,
  subsystemVendor: 0x2c,
  subsystem: 0x2e,
  primaryBus: 0x18,
  secondaryBus: 0x19,
  subordinateBus: 0x1a,
} as const
const statusCapabilityList = 0x10
const headerLength = 0x40
const extendedStart = 0x100
/** Capability ids. */
const cap = { powerManagement: 0x01, express: 0x10, advancedFeatures: 0x13 } as const
const extended = { sriov: 0x10 } as const

/** What a header type is called in libvirt (`virPCIHeaderType`). */
export const headerTypes = ['endpoint', 'pci-bridge', 'cardbus-bridge'] as const

/** What a PCI function is, as its configuration space says. */
export interface PciConfig {
  vendor: number
  device: number
  subsystemVendor?: number
  subsystemDevice?: number
  /** Class, subclass and programming interface in 24 bits. */
  class: number
  revision: number
  headerType: (typeof headerTypes)[number] | 'unknown'
  multifunction: boolean
  /** Of bridges. */
  primaryBus?: number
  secondaryBus?: number
  subordinateBus?: number
  capabilities: PciCapability[]
  extendedCapabilities: PciCapability[]
  isPciExpress: boolean
  /** Device/port type of the Express capability: 0 endpoint, 4 root port, 7 bridge… */
  pciExpressType?: number
  link?: PciExpressLink
  /** Function level reset, as PCI Express has it. */
  hasFlr: boolean
  /** The same of conventional PCI's Advanced Features. */
  hasAfFlr: boolean
  /** A reset by going from D3hot to D0 is a full one. */
  hasPmReset: boolean
  /** How many virtual functions there can be. */
  sriovTotalVfs?: number
}

/** An entry of a capability list. */
export interface PciCapability {
  id: number
  offset: number
}

/** Reads from a copy of the configuration space. */
export function configOf(bytes: Uint8Array): ReadConfig {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (at, length) => {
    if (at + length > view.byteLength) return undefined
    return length === 1 ? view.getUint8(at) : length === 2 ? view.getUint16(at, true) : view.getUint32(at, true)
  }
}

/** The capability list; one that is made circular or leaves the header's 256 bytes just ends. */
export function* capabilitiesOf(read: ReadConfig): Generator<PciCapability, void, undefined> {
  if (((read(reg.status, 2) ?? 0) & statusCapabilityList) === 0) return
  const seen = new Set<number>()
  // the two low bits are reserved (PCI Local Bus Specification 3.0, section 6.7)
  let offset = (read(reg.capabilityList, 1) ?? 0) & 0xfc
  while (offset >= headerLength && !seen.has(offset)) {
    seen.add(offset)
    const entry = read(offset, 2)
    if (entry === undefined || (entry & 0xff) === 0xff) return
    yield { id: entry & 0xff, offset }
    offset = (entry >> 8) & 0xfc
  }
}

function* extendedCapabilitiesOf(read: ReadConfig): Generator<PciCapability, void, undefined> {
  const seen = new Set<number>()
  for (let offset = extendedStart; offset >= extendedStart && !seen.has(offset); ) {
    seen.add(offset)
    const header = read(offset, 4)
    if (header === undefined || header === 0 || header === 0xffff_ffff) return
    yield { id: header & 0xffff, offset }
    offset = (header >>> 20) & 0xffc
  }
}

const find = (list: Iterable<PciCapability>, id: number): number | undefined => {
  for (const each of list) if (each.id === id) return each.offset
  return undefined
}

/** Where the PCI Express capability stands; `undefined` when there is none or it cannot be read. */
export const expressOffset = (read: ReadConfig): number | undefined => find(capabilitiesOf(read), cap.express)

/** The header type without the bit for several functions. */
export const headerTypeOf = (read: ReadConfig): number | undefined => {
  const type = read(reg.headerType, 1)
  return type === undefined ? undefined : type & 0x7f
}

/** Gigatransfers a second, in the order of a link's speed numbers from 1; PCI Express Base Specification, 7.5.3.18. */
const linkSpeeds = ['2.5', '5', '8', '16', '32', '64'] as const

/** Root complex integrated endpoints and event collectors have no link (PCI Express Base Specification, 7.5.3.2). */
const withoutLink = [0x9, 0xa]

/** What a function's link could do and does, by the place of its Express capability; sections 7.5.3.6 and 7.5.3.8. */
export function linkOf(read: ReadConfig, express: number): PciExpressLink | undefined {
  const flags = read(express + 2, 2)
  if (flags === undefined || withoutLink.includes((flags >> 4) & 0xf)) return undefined
  const capability = read(express + 0x0c, 4)
  const status = read(express + 0x12, 2)
  if (capability === undefined || status === undefined) return undefined
  return {
    capability: { port: capability >>> 24, ...lanes(capability) },
    status: lanes(status),
  }
}

function lanes(register: number): NonNullable<PciExpressLink['status']> {
  const speed = linkSpeeds[(register & 0xf) - 1]
  return { ...(speed && { speed }), width: (register >> 4) & 0x3f }
}

/**
 * Takes a configuration space apart, as sysfs has it in `config`: the header's 64 bytes at least, 256 or 4096.
 *
 * @throws VirtError `invalid-argument` for less than a header
 */
export function parsePciConfig(bytes: Uint8Array): PciConfig {
  const read = configOf(bytes)
  const must = (at: number, length: 1 | 2 | 4): number => read(at, length) ?? 0
  if (bytes.length < headerLength)
    throw new VirtError(
      'invalid-argument',
      `the PCI configuration space has ${bytes.length} bytes, less than a header; read at least ${headerLength}`,
    )
  const capabilities = [...capabilitiesOf(read)]
  const extendedCapabilities = bytes.length > extendedStart ? [...extendedCapabilitiesOf(read)] : []
  const express = find(capabilities, cap.express)
  const advanced = find(capabilities, cap.advancedFeatures)
  const power = find(capabilities, cap.powerManagement)
  const sriov = find(extendedCapabilities, extended.sriov)
  const link = express === undefined ? undefined : linkOf(read, express)
  const headerType = headerTypes[must(reg.headerType, 1) & 0x7f] ?? 'unknown'
  return {
    vendor: must(reg.vendor, 2),
    device: must(reg.device, 2),
    ...(headerType === 'endpoint' && {
      subsystemVendor: must(reg.subsystemVendor, 2),
      subsystemDevice: must(reg.subsystem, 2),
    }),
    class: must(reg.class, 1) | (must(reg.class + 1, 2) << 8),
    revision: must(reg.revision, 1),
    headerType,
    multifunction: (must(reg.headerType, 1) & 0x80) !== 0,
    ...(headerType === 'pci-bridge' && {
      primaryBus: must(reg.primaryBus, 1),
      secondaryBus: must(reg.secondaryBus, 1),
      subordinateBus: must(reg.subordinateBus, 1),
    }),
    capabilities,
    extendedCapabilities,
    isPciExpress: isPciExpress(express, bytes.length),
    ...(express !== undefined && { pciExpressType: (must(express + 2, 2) >> 4) & 0xf }),
    ...(link && { link }),
    hasFlr: express !== undefined && (must(express + 4, 4) & 0x1000_0000) !== 0,
    hasAfFlr: advanced !== undefined && (must(advanced + 3, 1) & 0x02) !== 0,
    hasPmReset: power !== undefined && (must(power + 4, 2) & 0x08) === 0,
    ...(sriov !== undefined && { sriovTotalVfs: must(sriov + 0x0e, 2) }),
  }
}

/** Whether a function is PCI Express: it says so, or, where that cannot be read, its space is an extended one. */
export const isPciExpress = (express: number | undefined, size: number): boolean =>
  express !== undefined || size > extendedStart
