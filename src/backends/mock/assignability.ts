import type { AssignabilityOptions } from '../../backend.js'
import { type Assignability, assignabilityOf, type Finding, finding } from '../../model/finding.js'
import { isHostDevice } from '../../model/hostdev-match.js'
import { capabilityOf } from '../../model/node-device.js'
import type { MockDevice, MockHost } from './host.js'
import { hasIommu, isStub, obstaclesOf } from './passthrough.js'

type Hypervisor = NonNullable<AssignabilityOptions['for']>

/** What can be given away by itself; a container gets what is made of the hardware. */
const givenAway: Readonly<Record<Hypervisor, readonly string[]>> = {
  qemu: ['usb_device', 'scsi', 'mdev'],
  xen: ['usb_device', 'scsi', 'mdev'],
  openvz: ['net', 'storage'],
}

/**
 * Whether devices of a mock host can be given to guests. It finds what a mock knows of: bridges, IOMMU
 * groups, virtual functions, guests, holders; what only a real host has (a root disk, a default route) is
 * found when the stage hand says so.
 */
export function assignabilityOn(
  host: MockHost,
  names: readonly string[],
  hypervisor: Hypervisor = 'qemu',
): Map<string, Assignability> {
  const devices = names.flatMap((name) => host.devices.get(name) ?? [])
  return new Map(devices.map((each) => [each.def.name, assignabilityOf(findings(host, each, hypervisor))]))
}

function findings(host: MockHost, device: MockDevice, hypervisor: Hypervisor): Finding[] {
  const { def, busyBy, found = [] } = device
  return [...usedBy(host, device), ...(busyBy === undefined ? [] : [openBy(busyBy)]), ...found, ...kindFindings()]

  function kindFindings(): Finding[] {
    if (capabilityOf(def, 'pci')) return pciFindings(host, device, hypervisor)
    if (givenAway[hypervisor].includes(def.capabilities[0]?.kind ?? '')) return []
    return [notAssignable(host, device)]
  }
}

function usedBy(host: MockHost, { def }: MockDevice): Finding[] {
  const guest = host.holderOf((hostdev) => isHostDevice(def, hostdev))
  if (!guest) return []
  const remedy = 'detach it from there first'
  return [finding('in-use', `is in use by the guest ${guest.name}`, { remedy, domain: guest.name })]
}

const openBy = (program: string): Finding =>
  finding('open', `is in use by ${program}`, { remedy: 'stop that first', program })

function pciFindings(host: MockHost, device: MockDevice, hypervisor: Hypervisor): Finding[] {
  const { def } = device
  const pci = capabilityOf(def, 'pci')
  if (pci?.pciBridge ?? pci?.cardbusBridge)
    return [finding('bridge', 'is a bridge to further buses, which no guest can have')]
  const functions = pci?.virtualFunctions?.addresses.length ?? 0
  return [
    ...(hypervisor === 'qemu' ? isolation(host, device) : []),
    ...(functions > 0
      ? [
          finding('virtual-functions', `has ${functions} virtual functions, which vanish with its driver`, {
            remedy: 'give these away instead, or switch them off first',
          }),
        ]
      : []),
    ...(isStub(def.driver)
      ? [finding('detached', `is held for guests by ${def.driver}`, { driver: def.driver ?? '' })]
      : []),
  ]
}

function isolation(host: MockHost, device: MockDevice): Finding[] {
  if (!hasIommu(host))
    return [finding('no-iommu', 'cannot be isolated: the host has no IOMMU groups', { remedy: 'switch the IOMMU on' })]
  const group = capabilityOf(device.def, 'pci')?.iommuGroup
  if (!group) return [finding('no-iommu-group', 'is in no IOMMU group, so it cannot be isolated')]
  const obstacles = obstaclesOf(host, device)
  if (obstacles.length === 0) return []
  const listed = obstacles.map(({ def }) => `${def.name} (${def.driver})`).join(', ')
  return [
    finding('group-not-viable', `shares IOMMU group ${group.number} with ${listed}, which the host uses`, {
      remedy: 'detach the whole group: they can only be given away together',
      group: group.number,
      members: obstacles.map(({ def }) => def.name),
    }),
  ]
}

/** A device that is a face of another is given away by that one: the nearest above that can be. */
function notAssignable(host: MockHost, { def }: MockDevice): Finding {
  let above = host.devices.get(def.parent ?? '')
  const seen = new Set<MockDevice>()
  while (above && !seen.has(above) && !['pci', 'usb_device', 'scsi'].includes(above.def.capabilities[0]?.kind ?? '')) {
    seen.add(above)
    above = host.devices.get(above.def.parent ?? '')
  }
  const device = above && !seen.has(above) ? above.def.name : undefined
  return finding(
    'not-assignable',
    `is of the kind ${def.capabilities[0]?.kind ?? 'none'}, which is not given away by itself`,
    {
      remedy: device === undefined ? undefined : `give away what it belongs to: ${device}`,
      device,
    },
  )
}
