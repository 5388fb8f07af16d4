import type { Finding } from '../model/finding.js'
import type { Step } from './change.js'
import { textOf } from './host-text.js'
import type { ManagedHost } from './managed-host.js'
import { type PciFunction, readPciFunction } from './pci-function.js'
import { detachSteps } from './pci-steps.js'
import type { Inventory } from './preflight/inventory.js'
import { pciFindings } from './preflight/pci-findings.js'
import { chooseDriver, isStub } from './vfio-driver.js'

/** A PCI function that is to be held for guests: what speaks against it, who is to hold it, and by which steps. */
export interface PciTaking {
  readonly device: PciFunction
  readonly findings: readonly Finding[]
  readonly driver: string
  /** None when it is held already. */
  readonly steps: readonly Step[]
}

/** Looks at a function as it is now, and plans how it is taken from its driver; by the best one unless told. */
export async function planPciTaking(
  host: ManagedHost,
  look: Inventory,
  address: string,
  driver: string | undefined,
): Promise<PciTaking> {
  const { files } = host
  const device = readPciFunction(files, address)
  const stub = chooseDriver(files, textOf(files, `${device.folder}/modalias`), driver)
  const findings = await pciFindings({ ...look, for: stub.driver === 'pciback' ? 'xen' : 'qemu' }, device)
  const isHeld = driver === undefined || driver === 'vfio' ? isStub(files, device) : device.driver === stub.driver
  return { device, findings, driver: stub.driver, steps: isHeld ? [] : await detachSteps(host, device, stub) }
}
