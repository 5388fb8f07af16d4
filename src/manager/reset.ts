import type { ChangeOptions } from '../backend.js'
import { VirtError } from '../errors.js'
import type { HostStep } from '../model/host-step.js'
import { capabilityOf, type NodeDeviceDef } from '../model/node-device.js'
import { formatPciAddress } from '../model/pci-address.js'
import { makeChange, refuseFor } from './make-change.js'
import type { ManagedHost } from './managed-host.js'
import { readPciFunction } from './pci-function.js'
import { resetMethods, resetSteps } from './pci-steps.js'
import { takeInventory } from './preflight/inventory.js'
import { pciFindings } from './preflight/pci-findings.js'
import { isStub } from './vfio-driver.js'

/**
 * Resets a PCI function that is detached, by the best way the kernel knows for it; unlike libvirt, which leaves it to
 * vfio-pci. Answers to `virNodeDeviceReset`.
 *
 * @throws VirtError `invalid-argument` for what is not PCI; `operation-invalid` for a bridge, and when a guest or the
 * host uses it; `operation-unsupported` when the kernel knows no way
 */
export async function reset(host: ManagedHost, def: NodeDeviceDef, options: ChangeOptions): Promise<HostStep[]> {
  const pci = capabilityOf(def, 'pci')
  if (!pci) throw new VirtError('invalid-argument', `${def.name} is not a PCI device`, { device: def.name })
  const { files } = host
  const found = readPciFunction(files, formatPciAddress(pci))
  const intent = { verb: 'reset', devices: [found], writable: [`${found.folder}/reset`] } as const

  return await makeChange(host, intent, options, async () => {
    const device = readPciFunction(files, found.address)
    const findings = await pciFindings(await takeInventory(host, options), device)
    refuseFor(
      device,
      findings.filter(({ code }) => ['in-use', 'unfinished', 'bridge'].includes(code)),
    )
    const { name, driver } = device
    if (driver !== null && !isStub(files, device))
      throw new VirtError('operation-invalid', `${name} is in use by its driver ${driver}; detach it first`, {
        device: name,
      })
    if (resetMethods(files, device)?.length === 0)
      throw new VirtError('operation-unsupported', `${name} cannot be reset: the kernel knows no way for it`, {
        device: name,
      })
    return { verb: 'reset', devices: [device], steps: resetSteps(device), recovery: 'undo', records: [] }
  })
}
