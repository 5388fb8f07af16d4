import { VirtError } from '../../errors.js'
import { isHostDevice } from '../../model/hostdev-match.js'
import { capabilityOf } from '../../model/node-device.js'
import { formatPciAddress, samePciAddress } from '../../model/pci-address.js'
import type { MockDevice, MockHost } from './host.js'

/** Drivers that hold a device for guests. */
const stubs = ['vfio-pci', 'pciback', 'xen-pciback', 'pci-stub']

/** Drivers beside which a group may be given away: the kernel's own rule (drivers/vfio/vfio_main.c). */
const harmless = [...stubs, 'pcieport']

/** Whether a device is held for guests. */
export const isStub = (driver: string | undefined): boolean => driver !== undefined && stubs.includes(driver)

const pciOf = ({ def }: MockDevice) => capabilityOf(def, 'pci')

const invalid = (problem: string, device: string) => new VirtError('operation-invalid', problem, { device })

function setDriver(host: MockHost, device: MockDevice, driver: string | undefined): void {
  if (device.def.driver === driver) return
  if (driver === undefined) delete device.def.driver
  else device.def.driver = driver
  host.tell({ kind: 'driver', device: device.def.name })
}

/**
 * Takes a device from its driver. The order of checks and the error numbers are those of libvirt's QEMU driver:
 * driver name, host support, then whether it is PCI (`qemuNodeDeviceDetachFlags`).
 */
export function detach(
  host: MockHost,
  name: string,
  { driver = 'vfio-pci', dryRun = false }: { driver?: string; dryRun?: boolean } = {},
): void {
  const device = host.device(name)
  const stub = driver === 'vfio' ? 'vfio-pci' : driver
  if (stub === 'kvm')
    throw new VirtError('argument-unsupported', `${name}: KVM device assignment is gone; use vfio-pci`, {
      device: name,
    })
  if (!isStub(stub))
    throw new VirtError('invalid-argument', `${name}: '${driver}' does not hold devices for guests; use vfio-pci`, {
      device: name,
    })
  if (!hasIommu(host))
    throw new VirtError(
      'argument-unsupported',
      `${name}: the host has no IOMMU groups, so VFIO cannot be used; switch the IOMMU on`,
      { device: name },
    )
  needPci(device)
  needFree(host, device)
  if (device.busyBy !== undefined)
    throw new VirtError('resource-busy', `${name} is in use by ${device.busyBy}; stop that first`, { device: name })
  if (dryRun || device.def.driver === stub) return
  device.formerDriver = device.def.driver
  setDriver(host, device, stub)
}

/** A device and the others of its IOMMU group that guests can have. */
export function groupOf(host: MockHost, name: string): string[] {
  const group = pciOf(host.device(name))?.iommuGroup
  const members = [...host.devices.values()].filter((device) => {
    const pci = pciOf(device)
    return pci && !pci.pciBridge && group?.addresses.some((address) => samePciAddress(address, pci))
  })
  return [...new Set([name, ...members.map(({ def }) => def.name)])]
}

/** Gives a device back to the driver it had. */
export function reattach(host: MockHost, name: string, { dryRun = false }: { dryRun?: boolean } = {}): void {
  const device = host.device(name)
  needPci(device)
  needFree(host, device)
  if (dryRun) return
  if (isStub(device.def.driver)) setDriver(host, device, device.formerDriver)
  device.formerDriver = undefined
}

/** Resets a device; a bridge has nothing to reset. */
export function reset(host: MockHost, name: string): void {
  const device = host.device(name)
  const pci = needPci(device)
  needFree(host, device)
  if (pci.pciBridge ?? pci.cardbusBridge)
    throw new VirtError('internal', `${name} is a bridge and cannot be reset; reset what is behind it`, {
      device: name,
    })
}

/** Whether the host isolates PCI devices at all. */
export const hasIommu = (host: MockHost): boolean =>
  [...host.devices.values()].some((each) => pciOf(each)?.iommuGroup !== undefined)

/** The other members of a device's IOMMU group that the host uses. */
export function obstaclesOf(host: MockHost, device: MockDevice): MockDevice[] {
  const group = pciOf(device)?.iommuGroup
  return [...host.devices.values()].filter((other) => {
    const pci = pciOf(other)
    return (
      other !== device &&
      pci !== undefined &&
      group?.addresses.some((address) => samePciAddress(address, pci)) &&
      other.def.driver !== undefined &&
      !harmless.includes(other.def.driver)
    )
  })
}

/**
 * @throws VirtError `operation-invalid` when the other members of its group make a PCI device impossible to give away
 */
export function needViableGroup(host: MockHost, device: MockDevice): void {
  const group = pciOf(device)?.iommuGroup
  if (!group) throw invalid(`${device.def.name} is in no IOMMU group; switch the IOMMU on`, device.def.name)
  const inTheWay = obstaclesOf(host, device)
  if (inTheWay.length === 0) return
  const members = inTheWay.map(({ def }) => `${def.name} (${def.driver})`)
  throw new VirtError(
    'operation-invalid',
    `${device.def.name}: group ${group.number} is not viable; detach ${members.join(', ')} too`,
    { device: device.def.name, candidates: inTheWay.map(({ def }) => def.name) },
  )
}

function needPci(device: MockDevice) {
  const pci = pciOf(device)
  if (pci) return pci
  throw new VirtError('invalid-argument', `${device.def.name} is not a PCI device`, { device: device.def.name })
}

function needFree(host: MockHost, device: MockDevice): void {
  const holder = host.holderOf((def) => isHostDevice(device.def, def))
  const pci = pciOf(device)
  if (holder)
    throw new VirtError(
      'operation-invalid',
      `PCI device ${pci ? formatPciAddress(pci) : device.def.name} is in use by the guest ${holder.name}; detach it there first`,
      { device: device.def.name, domain: holder.name },
    )
}
