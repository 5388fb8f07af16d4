import { VirtError } from '../errors.js'
import { type CapabilityOf, capabilityOf, type NodeDeviceDef } from './node-device.js'

/**
 * The PCI function that is to have so many virtual ones.
 *
 * @throws VirtError `operation-unsupported` for a device without SR-IOV, `invalid-argument` for a number that it cannot
 * have
 */
export function needSriov(def: NodeDeviceDef, count: number): CapabilityOf<'pci'> {
  const pci = capabilityOf(def, 'pci')
  const most = pci?.virtualFunctions?.maxCount
  if (!pci || most === undefined)
    throw new VirtError('operation-unsupported', `${def.name} has no virtual functions (SR-IOV)`, { device: def.name })
  if (Number.isInteger(count) && count >= 0 && count <= most) return pci
  throw new VirtError('invalid-argument', `${def.name} can have 0 to ${most} virtual functions, not ${count}`, {
    device: def.name,
  })
}
