import { generateName } from '../host/names.js'
import { linkName, namesIn, textOf } from '../host/plain-files.js'
import { parseNumber } from '../host/text.js'
import type { HostFiles } from '../os/host-files.js'
import { driverOf } from './goal.js'
import { type HostDevice, hostDevice } from './host-device.js'

/** A PCI function, as far as it matters for giving it away. */
export interface PciFunction extends HostDevice {
  /** `0000:02:00.0`. */
  readonly address: string
  readonly driver: string | null
  /** A bridge to further buses, which no guest can have: of header type 1 or 2. */
  readonly isBridge: boolean
  /** Number of its IOMMU group. */
  readonly group?: number
}

/**
 * Classes of host bridges, and of bridges to further buses: PCI, CardBus, semi-transparent (PCI Code
 * and ID Assignment, 1.7).
 */
const bridgeClasses = ['0x0600', '0x0604', '0x0607', '0x0609']

/**
 * Reads a function by its address. Asks neither for `uevent` nor for `driver_override`, which may block.
 *
 * @throws VirtError `device-missing`
 */
export function readPciFunction(files: HostFiles, address: string): PciFunction {
  const device = hostDevice(files, 'pci', address, generateName('pci', address))
  const { folder } = device
  const group = parseNumber(linkName(files, `${folder}/iommu_group`) ?? '')
  return {
    ...device,
    address,
    driver: driverOf({ files }, folder),
    isBridge: bridgeClasses.includes(textOf(files, `${folder}/class`)?.slice(0, 6) ?? ''),
    ...(group !== undefined && { group }),
  }
}

/** All functions of an IOMMU group, sorted by address. */
export const readGroup = (files: HostFiles, group: number): PciFunction[] =>
  namesIn(files, `/sys/kernel/iommu_groups/${group}/devices`).map((address) => readPciFunction(files, address))

/** The virtual functions of a physical one, in their order. */
export const virtualFunctionsOf = (files: HostFiles, { folder }: Pick<PciFunction, 'folder'>): PciFunction[] =>
  namesIn(files, folder)
    .filter((name) => /^virtfn\d+$/.test(name))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
    .flatMap((name) => linkName(files, `${folder}/${name}`) ?? [])
    .map((address) => readPciFunction(files, address))
