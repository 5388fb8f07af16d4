import type { ChangeOptions } from '../backend.js'
import { VirtError } from '../errors.js'
import type { Finding } from '../model/finding.js'
import type { HostStep } from '../model/host-step.js'
import { capabilityOf, type NodeDeviceDef } from '../model/node-device.js'
import { formatPciAddress } from '../model/pci-address.js'
import { Book } from './book.js'
import { reverse, type Step } from './change.js'
import { type HostDevice, sysnameOf } from './host-device.js'
import { makeChange, refuseFor } from './make-change.js'
import type { ManagedHost } from './managed-host.js'
import { readPciFunction } from './pci-function.js'
import { releaseSteps } from './pci-steps.js'
import { type Inventory, takeInventory } from './preflight/inventory.js'
import { pciFindings } from './preflight/pci-findings.js'
import { usbFindings } from './preflight/usb-findings.js'
import { readUsbDevice, usbReleaseSteps } from './usb-device.js'
import { isStub } from './vfio-driver.js'

/**
 * Gives a device back to the driver that it had when it was detached, with the override that it had; where nobody knows
 * of that, to the one that the kernel chooses. Answers to `virNodeDeviceReAttach`.
 *
 * @throws VirtError `invalid-argument` for what is neither PCI nor USB; `operation-invalid` when a guest has it
 */
export async function reattach(host: ManagedHost, def: NodeDeviceDef, options: ChangeOptions): Promise<HostStep[]> {
  const { files } = host
  const pci = capabilityOf(def, 'pci')
  if (pci) {
    const address = formatPciAddress(pci)
    return await giveBack(host, options, {
      device: readPciFunction(files, address),
      writable: `/sys/bus/pci/devices/${address}/driver_override`,
      async look(inventory) {
        const device = readPciFunction(files, address)
        const release = () => releaseSteps(host, device, isStub(files, device))
        return { findings: await pciFindings(inventory, device), driver: device.driver, release }
      },
    })
  }
  if (capabilityOf(def, 'usb_device')) {
    const sysname = sysnameOf(def)
    return await giveBack(host, options, {
      device: readUsbDevice(files, sysname),
      writable: '/sys/bus/usb/drivers_probe',
      async look(inventory) {
        const device = readUsbDevice(files, sysname)
        const release = async () => usbReleaseSteps(device)
        return { findings: await usbFindings(inventory, device), driver: null, release }
      },
    })
  }
  throw new VirtError('invalid-argument', `${def.name} is not a PCI device`, { device: def.name })
}

/** A device to be given back, whatever its bus. */
interface Returning {
  readonly device: HostDevice
  /** What whoever changes its driver must be able to write. */
  readonly writable: string
  /** Looks at it as it is now: its driver, if one has it as a whole, and how it is released when nobody knows more. */
  look(inventory: Inventory): Promise<{ findings: Finding[]; driver: string | null; release(): Promise<Step[]> }>
}

async function giveBack(host: ManagedHost, options: ChangeOptions, returning: Returning): Promise<HostStep[]> {
  const { device, writable, look } = returning
  const intent = { verb: 'reattach', devices: [device], writable: [writable] } as const
  return await makeChange(host, intent, options, async () => {
    const { findings, driver, release } = await look(await takeInventory(host, options))
    refuseFor(
      device,
      findings.filter(({ code }) => code === 'in-use' || code === 'unfinished'),
    )
    const record = await new Book(host).get(device)
    const isAsRecorded = driver === null || driver === record?.detached?.driver
    const steps = record?.detached && isAsRecorded ? reverse(record.detached.steps) : await release()
    const { key, name, inode } = device
    return {
      verb: 'reattach',
      devices: [device],
      steps,
      recovery: 'finish',
      records: [{ key, name, inode, users: record?.users ?? [] }],
    }
  })
}
