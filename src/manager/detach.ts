import type { DetachOptions } from '../backend.js'
import { VirtError } from '../errors.js'
import type { HostStep } from '../model/host-step.js'
import { capabilityOf, type NodeDeviceDef } from '../model/node-device.js'
import { formatPciAddress } from '../model/pci-address.js'
import type { HostFiles } from '../os/host-files.js'
import { Book, detachedBy, type Taking } from './book.js'
import type { Change, DeviceRecord } from './change.js'
import { type HostDevice, sysnameOf } from './host-device.js'
import { makeChange, refuseFor } from './make-change.js'
import type { ManagedHost } from './managed-host.js'
import { type PciFunction, readGroup, readPciFunction } from './pci-function.js'
import { planPciTaking } from './pci-taking.js'
import { takeInventory } from './preflight/inventory.js'
import { usbFindings } from './preflight/usb-findings.js'
import { readUsbDevice, usbDetachSteps, usbDeviceReady } from './usb-device.js'
import { chooseDriver } from './vfio-driver.js'
import { vfioFindings } from './vfio-support.js'

/**
 * Takes a device from its driver, so that a guest may have it, and remembers how it is given back. A PCI function goes
 * to a driver that holds it for guests; the interfaces of a USB device go to none. A device that is held already is
 * left as it is. Answers to `virNodeDeviceDetachFlags`, in its order of checks.
 *
 * @throws VirtError `invalid-argument` for an unknown driver and for what is neither PCI nor USB;
 * `argument-unsupported` without VFIO; `operation-invalid` when a guest has it, or the host needs it
 * and `force` was not said
 */
export async function detach(host: ManagedHost, def: NodeDeviceDef, options: DetachOptions): Promise<HostStep[]> {
  const stub = chooseDriver(host.files, undefined, options.driver)
  if (capabilityOf(def, 'usb_device')) return await detachUsb(host, def, options)
  const [missing] = stub.driver === 'pciback' ? [] : vfioFindings(host.files)
  if (missing)
    throw new VirtError('argument-unsupported', `${def.name} ${missing.message}; ${missing.remedy}`, {
      device: def.name,
    })
  const pci = capabilityOf(def, 'pci')
  if (!pci) throw new VirtError('invalid-argument', `${def.name} is not a PCI device`, { device: def.name })
  return await detachPci(host, readPciFunction(host.files, formatPciAddress(pci)), options)
}

async function detachPci(host: ManagedHost, pci: PciFunction, options: DetachOptions): Promise<HostStep[]> {
  const { files } = host
  const { driver, network, force = false } = options
  const devices = options.wholeGroup ? wholeGroup(files, pci) : [pci]
  const writable = devices.map(({ folder }) => `${folder}/driver_override`)

  return await makeChange(host, { verb: 'detach', devices, writable }, options, async () => {
    const look = await takeInventory(host, options)
    const taken: Taken[] = []
    for (const { address } of devices) {
      const own = address === pci.address ? { driver, network } : { driver }
      const taking = await planPciTaking(host, look, address, own)
      refuseFor(taking.device, taking.findings, { unless: ['group-not-viable'], force })
      if (taking.steps.length > 0) taken.push(taking)
    }
    return await detachChange(host, taken)
  })
}

async function detachUsb(host: ManagedHost, def: NodeDeviceDef, options: DetachOptions): Promise<HostStep[]> {
  const { driver, network, force = false } = options
  if (network !== undefined)
    throw new VirtError('argument-unsupported', `${def.name} is no virtual function of a network card`, {
      device: def.name,
    })
  if (driver !== undefined)
    throw new VirtError('argument-unsupported', `${def.name} is a USB device, which no driver holds; leave it out`, {
      device: def.name,
    })
  const sysname = sysnameOf(def)
  const found = readUsbDevice(host.files, sysname)
  const writable = found.interfaces.map(({ folder }) => `${folder}/driver/unbind`)

  return await makeChange(host, { verb: 'detach', devices: [found], writable }, options, async () => {
    refuseFor(found, await usbFindings(await takeInventory(host, options), found), { force })
    const device = await usbDeviceReady(host.files, sysname, options)
    return await detachChange(host, [{ device, driver: '', steps: usbDetachSteps(device) }])
  })
}

/** A function and the others of its IOMMU group; the bridges above them stay with the host. */
const wholeGroup = (files: HostFiles, pci: PciFunction): PciFunction[] =>
  pci.group === undefined
    ? [pci]
    : readGroup(files, pci.group).filter(({ address, isBridge }) => address === pci.address || !isBridge)

interface Taken extends Taking {
  readonly device: HostDevice
}

async function detachChange(host: ManagedHost, taken: readonly Taken[]): Promise<Change | undefined> {
  const book = new Book(host)
  const records: DeviceRecord[] = []
  for (const each of taken) {
    const record = await book.get(each.device)
    const detached = detachedBy(each, record)
    if (detached && each.steps.length > 0) records.push({ ...each.device, users: [], ...record, detached })
  }
  const steps = taken.flatMap((each) => each.steps)
  if (steps.length === 0) return undefined
  return { verb: 'detach', devices: taken.map((each) => each.device), steps, recovery: 'undo', records }
}
