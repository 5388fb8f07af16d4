import { textOf } from '../host/plain-files.js'
import type { Finding } from '../model/finding.js'
import type { VfConfig } from '../model/vf-config.js'
import type { Step } from './change.js'
import type { ManagedHost } from './managed-host.js'
import { type PciFunction, readPciFunction } from './pci-function.js'
import { detachSteps } from './pci-steps.js'
import type { Inventory } from './preflight/inventory.js'
import { pciFindings } from './preflight/pci-findings.js'
import { vfSteps } from './vf-steps.js'
import { chooseDriver, isStub } from './vfio-driver.js'

/** A PCI function that is to be held for guests: what speaks against it, who is to hold it, and by which steps. */
export interface PciTaking {
  readonly device: PciFunction
  readonly findings: readonly Finding[]
  readonly driver: string
  /** Of them none that takes it from its driver when it is held already. */
  readonly steps: readonly Step[]
  readonly isHeld: boolean
}

/**
 * Looks at a function as it is now, and plans how it is taken from its driver; by the best one unless told.
 *
 * @param network - what the physical function is to say of it, where it is a virtual one
 */
export async function planPciTaking(
  host: ManagedHost,
  look: Inventory,
  address: string,
  { driver, network }: { driver?: string | undefined; network?: VfConfig | undefined },
): Promise<PciTaking> {
  const { files } = host
  const device = readPciFunction(files, address)
  const stub = chooseDriver(files, textOf(files, `${device.folder}/modalias`), driver)
  const findings = await pciFindings({ ...look, for: stub.driver === 'pciback' ? 'xen' : 'qemu' }, device)
  const isHeld = driver === undefined || driver === 'vfio' ? isStub(files, device) : device.driver === stub.driver
  const steps = [
    ...(isHeld ? [] : await detachSteps(host, device, stub)),
    // reversed, it comes before its driver, which reads the address
    ...(isHeld && network === undefined ? [] : await vfSteps(host, device, network)),
  ]
  return { device, findings, driver: stub.driver, steps, isHeld }
}
