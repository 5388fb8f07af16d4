import { exists, textOf } from '../../host/plain-files.js'
import { type Finding, finding } from '../../model/finding.js'
import { Denied, type HostFiles } from '../../os/host-files.js'
import { type PciFunction, readGroup, virtualFunctionsOf } from '../pci-function.js'
import { resetMethods } from '../pci-steps.js'
import { isStub } from '../vfio-driver.js'
import { vfioNodes } from '../vfio-nodes.js'
import { withoutAcs } from './acs.js'
import type { Inventory } from './inventory.js'
import { seesHostInterfaces } from './namespaces.js'
import { useFindings } from './use-findings.js'

/** All that speaks for and against giving a PCI function away. */
export async function pciFindings(look: Inventory, pci: PciFunction): Promise<Finding[]> {
  const { files } = look.host
  return [
    ...(await useFindings(look, pci, vfioNodes(files, pci.folder))),
    ...(pci.isBridge ? [finding('bridge', 'is a bridge to further buses, which no guest can have')] : []),
    ...inaccessible(files, pci),
    ...(look.for === 'qemu' && !pci.isBridge ? isolation(look, pci) : []),
    ...look.uses.below(pci.real),
    ...(isStub(files, pci) ? [] : unseenInterface(look, pci)),
    ...(textOf(files, `${pci.folder}/boot_vga`) === '1' ? [bootVga] : []),
    ...(await virtualFunctions(look, pci)),
    ...(isStub(files, pci)
      ? [finding('detached', `is held for guests by ${pci.driver}`, { driver: pci.driver ?? '' })]
      : []),
    ...(pci.isBridge ? [] : [reset(files, pci)]),
    ...(exists(files, `${pci.folder}/rom`) ? [finding('rom', 'has an option ROM')] : []),
  ]
}

function isolation(look: Inventory, pci: PciFunction): Finding[] {
  const { files } = look.host
  if (look.vfio.length > 0) return [...look.vfio]
  if (pci.group === undefined) return [finding('no-iommu-group', 'is in no IOMMU group, so it cannot be isolated')]
  const others = readGroup(files, pci.group).filter((member) => member.address !== pci.address)
  if (others.length === 0) return []
  const group = pci.group
  const obstacles = others.filter((member) => !isViable(files, member))
  const facts = (members: readonly PciFunction[]) => ({ group, members: members.map(({ name }) => name) })
  const listed = (members: readonly PciFunction[]) =>
    members.map(({ name, driver }) => (driver === null ? name : `${name} (${driver})`)).join(', ')
  return [
    ...(obstacles.length > 0
      ? [
          finding('group-not-viable', `shares IOMMU group ${group} with ${listed(obstacles)}, which the host uses`, {
            remedy: 'detach the whole group: they can only be given away together',
            ...facts(obstacles),
          }),
        ]
      : [finding('group', `shares IOMMU group ${group} with ${listed(others)}, which is no obstacle`, facts(others))]),
    ...withoutAcs(files, [pci, ...others]),
  ]
}

/**
 * Whether a group with this member can be used: the kernel lets nobody else have it who does DMA for the host.
 * pcieport and pci-stub do none (`driver_managed_dma`, drivers/pci/pcie/portdrv.c).
 */
const isViable = (files: HostFiles, member: PciFunction): boolean =>
  member.driver === null || member.driver === 'pcieport' || isStub(files, member)

/**
 * A function whose power or link is gone reads as ones; the ids of a virtual function always do (SR-IOV 1.1, 3.4.1).
 */
function inaccessible(files: HostFiles, { folder }: PciFunction): Finding[] {
  const bytes = files.bytes(`${folder}/config`, 4)
  if (bytes instanceof Denied || bytes.length < 4 || bytes.some((byte) => byte !== 0xff)) return []
  if (exists(files, `${folder}/physfn`)) return []
  return [
    finding('inaccessible', 'does not answer: its configuration space reads as ones', {
      remedy: 'remove and rescan it, or switch the host off and on',
    }),
  ]
}

/**
 * An Ethernet card (class 02 00, PCI Code and ID Assignment 1.11, section 1.3) that has a driver has an interface. From
 * a container it may be out of sight, in the host's network namespace.
 */
function unseenInterface({ host: { files }, aboveInterfaces }: Inventory, pci: PciFunction): Finding[] {
  const { driver, folder, real } = pci
  if (driver === null || !textOf(files, `${folder}/class`)?.startsWith('0x0200')) return []
  if (aboveInterfaces.has(real) || seesHostInterfaces(files)) return []
  return [
    finding('unseen', `has the driver ${driver}, but its interface is in another network namespace`, {
      remedy: "look from the host's: docker run --network host",
      driver,
    }),
  ]
}

const bootVga = finding('boot-vga', 'is the graphics card that the firmware has started on', {
  remedy: 'make another card the first one in the firmware, and pass the guest a file with its ROM',
})

/** Virtual functions go with the driver of the physical one, also from guests that have them. */
async function virtualFunctions(look: Inventory, pci: PciFunction): Promise<Finding[]> {
  const { files } = look.host
  const functions = virtualFunctionsOf(files, pci)
  const used: Finding[] = []
  for (const each of functions)
    for (const { code, message, facts } of await useFindings(look, each, vfioNodes(files, each.folder)))
      used.push(finding(code, `has a virtual function, ${each.name}, that ${message}`, facts))
  if (functions.length === 0) return []
  return [
    ...used,
    finding('virtual-functions', `has ${functions.length} virtual functions, which vanish with its driver`, {
      remedy: 'give these away instead, or switch them off first',
      functions: functions.map(({ name }) => name),
    }),
  ]
}

function reset(files: HostFiles, pci: PciFunction): Finding {
  const methods = resetMethods(files, pci)
  if (methods === undefined) return finding('reset', 'can be reset')
  if (methods.length > 0) return finding('reset', `can be reset: ${methods.join(', ')}`, { methods })
  return finding('reset', 'cannot be reset: a guest finds it as the last one has left it', { methods })
}
