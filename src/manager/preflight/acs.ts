import { generateName } from '../../host/names.js'
import { type Finding, finding } from '../../model/finding.js'
import { parsePciAddress } from '../../model/pci-address.js'
import { configOf, parsePciConfig } from '../../model/pci-config.js'
import { Denied, type HostFiles } from '../../os/host-files.js'
import type { PciFunction } from '../pci-function.js'

/** Access Control Services; PCI Express Base Specification, section 7.7.11. */
const acs = { id: 0x0d, control: 6 } as const
/**
 * Source Validation, P2P Request and Completion Redirect, Upstream Forwarding: what the kernel asks for
 * (drivers/iommu/iommu.c).
 */
const isolating = 0x1d

/**
 * Why an IOMMU group is so large: the ports above its members, and members with several functions, that do not keep
 * what is behind them apart. Says nothing where the extended configuration space may not be read.
 */
export function withoutAcs(files: HostFiles, members: readonly PciFunction[]): Finding[] {
  const suspects = new Set(members.flatMap((member) => [...portsAbove(member), ...severalFunctions(members, member)]))
  const guilty = [...suspects].filter((address) => isolates(files, address) === false).sort()
  if (guilty.length === 0) return []
  const names = guilty.map((address) => generateName('pci', address))
  return [
    finding('no-acs', `shares its group because ${names.join(', ')} does not keep devices apart (ACS)`, {
      remedy: 'try another slot, or ACS in the firmware',
      ports: names,
    }),
  ]
}

/** Addresses of the bridges between the root and a function. */
const portsAbove = ({ real }: PciFunction): string[] =>
  real
    .split('/')
    .slice(0, -1)
    .filter((step) => parsePciAddress(step) !== undefined)

const severalFunctions = (members: readonly PciFunction[], { address }: PciFunction): string[] => {
  const slot = address.slice(0, -1)
  return members.filter((other) => other.address.startsWith(slot)).length > 1 ? [address] : []
}

function isolates(files: HostFiles, address: string): boolean | undefined {
  const bytes = files.bytes(`/sys/bus/pci/devices/${address}/config`, 4096)
  if (bytes instanceof Denied || bytes.length < 256) return undefined
  const capability = parsePciConfig(bytes).extendedCapabilities.find(({ id }) => id === acs.id)
  if (!capability) return false
  return ((configOf(bytes)(capability.offset + acs.control, 2) ?? 0) & isolating) === isolating
}
