import { VirtError } from '../../errors.js'
import { capabilityOf, type NodeDeviceDef } from '../../model/node-device.js'
import { formatPciAddress, type PciAddress } from '../../model/pci-address.js'
import { needSriov } from '../../model/sriov.js'
import { checkedVfConfig, type VfConfig } from '../../model/vf-config.js'
import type { MockDevice, MockHost } from './host.js'

/**
 * Lets through what a physical function can be told of this virtual one; the mock keeps nothing of it.
 *
 * @throws VirtError `operation-unsupported` for what is no virtual function
 */
export function needVirtualFunction({ def }: MockDevice, network: VfConfig): void {
  checkedVfConfig(network)
  if (capabilityOf(def, 'pci')?.physicalFunction) return
  throw new VirtError('operation-unsupported', `${def.name} is no virtual function of a network card`, {
    device: def.name,
  })
}

/** Has a physical function make so many virtual ones, on the addresses after its own. */
export function setVirtualFunctions(host: MockHost, name: string, count: number): void {
  const device = host.device(name)
  const pci = needSriov(device.def, count)
  const functions = [...host.devices.values()].filter(({ def }) => isFunctionOf(def, pci))
  const held = functions.find(({ def }) => {
    const own = capabilityOf(def, 'pci')
    return (
      own &&
      host.holderOf((each) => each.kind === 'pci' && formatPciAddress(each.source.address) === formatPciAddress(own))
    )
  })
  if (held)
    throw new VirtError('operation-invalid', `${held.def.name} is in use by a guest; detach it there first`, {
      device: held.def.name,
    })
  for (const { def } of functions) {
    host.devices.delete(def.name)
    host.tell({ kind: 'deleted', device: def.name }, def)
  }
  const addresses = Array.from({ length: count }, (_, index) => after(pci, index + 1))
  pci.virtualFunctions = { ...pci.virtualFunctions, addresses }
  for (const [index, address] of addresses.entries()) {
    const vf = `pci_${formatPciAddress(address).replace(/[^\da-f]/g, '_')}`
    host.add({
      name: vf,
      ...(device.def.path !== undefined && {
        path: `${device.def.path.replace(/[^/]*$/, '')}${formatPciAddress(address)}`,
      }),
      ...(device.def.parent !== undefined && { parent: device.def.parent }),
      capabilities: [
        {
          kind: 'pci',
          ...address,
          ...(pci.class !== undefined && { class: pci.class }),
          product: { ...pci.product, id: pci.product.id + 1 },
          vendor: pci.vendor,
          physicalFunction: { domain: pci.domain, bus: pci.bus, slot: pci.slot, function: pci.function },
          iommuGroup: { number: 1000 + address.bus * 256 + index, addresses: [address] },
        },
      ],
    })
    host.tell({ kind: 'created', device: vf })
  }
}

const isFunctionOf = (def: NodeDeviceDef, parent: PciAddress): boolean => {
  const own = capabilityOf(def, 'pci')?.physicalFunction
  return own !== undefined && formatPciAddress(own) === formatPciAddress(parent)
}

/** The routing id so many after an address (PCI Express SR-IOV, First VF Offset 16). */
function after({ domain, bus, slot, function: fn }: PciAddress, offset: number): PciAddress {
  const id = (bus << 8) + (slot << 3) + fn + 15 + offset
  return { domain, bus: id >> 8, slot: (id >> 3) & 0x1f, function: id & 7 }
}
