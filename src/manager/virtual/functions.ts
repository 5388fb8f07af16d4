import type { CallOptions } from '../../backend.js'
import { VirtError } from '../../errors.js'
import type { NodeDeviceDef } from '../../model/node-device.js'
import { formatPciAddress } from '../../model/pci-address.js'
import { needSriov } from '../../model/sriov.js'
import type { Step } from '../change.js'
import { makeChange, refuseFor } from '../make-change.js'
import type { ManagedHost } from '../managed-host.js'
import { type PciFunction, readPciFunction, virtualFunctionsOf } from '../pci-function.js'
import { takeInventory } from '../preflight/inventory.js'
import { useFindings } from '../preflight/use-findings.js'
import { vfioNodes } from '../vfio-nodes.js'

/**
 * Has an SR-IOV function make so many virtual ones. The kernel makes them all at once, so those that are there are
 * dropped first (Documentation/PCI/pci-iov-howto.rst). libvirt has no counterpart.
 *
 * @throws VirtError as {@link needSriov}; `operation-invalid` when a guest or the host uses one that would be dropped,
 * or the function has no driver; `operation-unsupported` when its driver cannot
 */
export async function setVirtualFunctions(
  host: ManagedHost,
  def: NodeDeviceDef,
  count: number,
  options: CallOptions,
): Promise<void> {
  const { files } = host
  const { address } = readPciFunction(files, formatPciAddress(needSriov(def, count)))
  const parent = readPciFunction(files, address)
  const dropped = virtualFunctionsOf(files, parent)
  const devices = [parent, ...dropped]
  const writable = [numberFile(parent)]
  await makeChange(host, { verb: 'set-vfs', devices, writable }, options, async () => {
    if (dropped.length === count) return undefined
    const look = await takeInventory(host, options)
    for (const device of devices) refuseFor(device, await useFindings(look, device, vfioNodes(files, device.folder)))
    for (const device of dropped) refuseFor(device, look.uses.below(device.real))
    if (parent.driver === null)
      throw new VirtError('operation-invalid', `${parent.name} has no driver, which would make them; reattach it`, {
        device: parent.name,
      })
    const records = dropped.map((device) => ({ ...device, users: [] }))
    return { verb: 'set-vfs', devices, steps: steps(parent, dropped.length, count), recovery: 'undo', records }
  }).catch((error: unknown) => {
    // drivers/pci/pci-sysfs.c, sriov_numvfs_store: the driver has no sriov_configure
    if (!VirtError.is(error, 'device-missing') || error.details.path !== numberFile(parent)) throw error
    throw new VirtError(
      'operation-unsupported',
      `${parent.name}: its driver ${parent.driver} makes no virtual functions`,
      { ...error.details, cause: error },
    )
  })
}

const numberFile = ({ folder }: PciFunction): string => `${folder}/sriov_numvfs`

function steps(parent: PciFunction, before: number, after: number): Step[] {
  const path = numberFile(parent)
  const set = (count: number) => ({ write: path, value: String(count), goal: { of: path, value: String(count) } })
  const device = parent.key
  return [
    ...(before > 0 ? [{ device, do: set(0), undo: set(before) }] : []),
    ...(after > 0 ? [{ device, do: set(after), undo: set(0) }] : []),
  ]
}
