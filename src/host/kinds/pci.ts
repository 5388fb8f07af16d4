import type { PciDevice, PciExpressLink } from '../../model/kinds/pci.js'
import type { Vpd } from '../../model/kinds/vpd.js'
import { known } from '../../model/known.js'
import { isPciAddress, type PciAddress, parsePciAddress } from '../../model/pci-address.js'
import { expressOffset, headerTypeOf, headerTypes, linkOf, type ReadConfig } from '../../model/pci-config.js'
import { parsePciVpd } from '../../model/pci-vpd.js'
import { bus, type HostKind } from '../kind.js'
import type { Survey } from '../survey.js'
import type { SysfsDevice } from '../sysfs-device.js'
import { inSysfsOrder } from '../sysfs-order.js'
import { parseNumber } from '../text.js'
import { readMdevTypes } from './mdev-types.js'

/** VPD has 15 address bits. */
const largestVpd = 0x8000
/** All of the configuration space that a process without CAP_SYS_ADMIN may read (drivers/pci/pci-sysfs.c). */
const unprivilegedConfig = 64

/**
 * PCI functions. Their `uevent` and `driver_override` are never read, for those can block for as long as a driver is
 * busy with the device; `class` and the driver link say the same.
 */
export const pci: HostKind<'pci'> = {
  kind: 'pci',
  ...bus('pci'),
  named: isPciAddress,
  hasDistinctNames: true,
  listedByLibvirt: (device) => device.has('config'),
  async read(device, survey) {
    const address = parsePciAddress(device.sysname)
    const identity = survey.host.fixed(device, () => readIdentity(device, survey))
    if (!address || !identity) return undefined
    return known<PciDevice>({
      class: identity.class,
      ...address,
      product: identity.product,
      vendor: identity.vendor,
      physicalFunction: addressOf(device.linkName('physfn')),
      virtualFunctions: readVirtualFunctions(device),
      ...bridgeOf(survey, identity.config),
      mdevTypes: readMdevTypes(device, survey),
      vpd: await readVpd(device, survey),
      iommuGroup: readIommuGroup(device, survey),
      // -1 stands for none
      numaNode: parseNumber(device.text('numa_node') ?? ''),
      pciExpress: readLink(device, survey, identity.config),
    })
  },
}

/** What stays as it is for as long as the function is there. */
interface Identity extends Pick<PciDevice, 'vendor' | 'product'> {
  readonly class: number | undefined
  readonly config: ConfigFacts
}

interface ConfigFacts {
  readonly headerType: number | undefined
  readonly express: number | undefined
  readonly size: number
  /** Whether all of it may be read, not the header alone. */
  readonly whole: boolean
}

function readIdentity(device: SysfsDevice, { host }: Survey): Identity | undefined {
  const vendor = device.number('vendor', 16)
  const product = device.number('device', 16)
  if (vendor === undefined || product === undefined) return undefined
  const names = host.pciIds.lookup(vendor, product)
  return {
    class: device.number('class', 16),
    vendor: { id: vendor, ...(names.vendor !== undefined && { name: names.vendor }) },
    product: { id: product, ...(names.product !== undefined && { name: names.product }) },
    config: readConfigFacts(device),
  }
}

function readConfigFacts(device: SysfsDevice): ConfigFacts {
  const size = device.size('config') ?? 0
  // a byte more than the header tells whether there is more to be had
  const start = device.bytes('config', unprivilegedConfig + 1) ?? new Uint8Array()
  const whole = size <= unprivilegedConfig || start.length > unprivilegedConfig
  const read = configReader(device, new Uint8Array(start.subarray(0, unprivilegedConfig)))
  return { headerType: headerTypeOf(read), express: expressOffset(read), size, whole }
}

/** Reads what is not in the header only as far as it is wanted: a few bytes cost as much as a small file. */
function configReader(device: SysfsDevice, header = new Uint8Array()): ReadConfig {
  return (at, length) => {
    const bytes = at + length <= header.length ? header.subarray(at, at + length) : device.bytes('config', length, at)
    if (!bytes || bytes.length < length) return undefined
    return bytes.reduceRight((value, byte) => value * 0x100 + byte, 0)
  }
}

/** libvirt looks into the configuration space as root only. */
const isHidden = ({ compat }: Survey, { whole }: ConfigFacts): boolean => compat && !whole

function bridgeOf(survey: Survey, facts: ConfigFacts): Pick<PciDevice, 'pciBridge' | 'cardbusBridge'> {
  if (isHidden(survey, facts)) return {}
  const type = headerTypes[facts.headerType ?? 0]
  return {
    ...(type === 'pci-bridge' && { pciBridge: true }),
    ...(type === 'cardbus-bridge' && { cardbusBridge: true }),
  }
}

function readLink(device: SysfsDevice, survey: Survey, facts: ConfigFacts): PciExpressLink | undefined {
  if (isHidden(survey, facts)) return undefined
  if (facts.express !== undefined) return linkOf(configReader(device), facts.express) ?? {}
  // libvirt takes any size but 256 for PCI Express, a cut one too (`virPCIDeviceInit`)
  const isExpress = survey.compat ? facts.size !== 256 : facts.size > 256
  return isExpress ? {} : undefined
}

const addressOf = (name: string | undefined): PciAddress | undefined =>
  name === undefined ? undefined : parsePciAddress(name)

function readVirtualFunctions(device: SysfsDevice): PciDevice['virtualFunctions'] {
  const addresses: PciAddress[] = []
  for (;;) {
    const address = addressOf(device.linkName(`virtfn${addresses.length}`))
    if (!address) break
    addresses.push(address)
  }
  const maxCount = device.number('sriov_totalvfs')
  if (addresses.length === 0 && !maxCount) return undefined
  return { ...(maxCount ? { maxCount } : {}), addresses }
}

function readIommuGroup(device: SysfsDevice, { compat }: Survey): PciDevice['iommuGroup'] {
  const number = parseNumber(device.linkName('iommu_group') ?? '')
  if (number === undefined) return undefined
  const members = device.list('iommu_group/devices')
  const addresses = (compat ? inSysfsOrder(members) : members.sort()).map(parsePciAddress)
  return { number, addresses: addresses.filter((address) => address !== undefined) }
}

async function readVpd(device: SysfsDevice, { signal }: Survey): Promise<Vpd | undefined> {
  if (!device.has('vpd')) return undefined
  const bytes = await device.bytesLater('vpd', largestVpd, signal)
  return bytes && parsePciVpd(bytes)
}
