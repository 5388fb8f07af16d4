import { VirtError } from '../errors.js'
import type { HostdevDef } from './hostdev.js'
import {
  type Capability,
  type CapabilityKind,
  type CapabilityOf,
  capabilityOf,
  type NodeDeviceDef,
} from './node-device.js'

/** What a host device is wanted for. */
export interface ToHostdevOptions {
  /**
   * Whether the hypervisor takes a PCI device from its driver and gives it back; yes unless told. Xen's own driver
   * wants no.
   */
  managed?: boolean
  /**
   * For a container: a network interface, disk or character device as one of the container's own, rather than the
   * hardware behind it.
   */
  container?: boolean
}

/** A host device, and why it is that one. */
export interface HostdevProposal {
  readonly hostdev: HostdevDef
  /** A sentence for each choice, and for each thing to know before it is given away. */
  readonly reasons: readonly string[]
}

/** What a proposal is made from. */
interface Question {
  readonly def: NodeDeviceDef
  readonly others: readonly NodeDeviceDef[]
  readonly options: ToHostdevOptions
}

type Propose<K extends CapabilityKind> = (capability: CapabilityOf<K>, question: Question) => HostdevProposal

const hex4 = (id: number) => `0x${id.toString(16).padStart(4, '0')}`

function cannot({ name }: NodeDeviceDef, problem: string): VirtError {
  return new VirtError('operation-unsupported', `${name} ${problem}`, { device: name })
}

/** What is proposed for the device above, with the reason that it is that one. */
function above({ def, others, options }: Question, reason: (parent: string) => string): HostdevProposal {
  const parent = others.find(({ name }) => name === def.parent)
  if (!parent || parent.name === 'computer')
    throw cannot(def, 'is not part of any hardware that a guest could be given; pick another device')
  // a parent is not asked twice, so that parents in a circle end
  const rest = others.filter((other) => other !== parent)
  const { hostdev, reasons } = toHostdev(parent, rest, options)
  return { hostdev, reasons: [reason(parent.name), ...reasons] }
}

const pci: Propose<'pci'> = (capability, { def, options: { managed = true } }) => {
  const { domain, bus, slot, function: fn, iommuGroup } = capability
  const companions = (iommuGroup?.addresses.length ?? 1) - 1
  return {
    hostdev: { kind: 'pci', managed, source: { address: { domain, bus, slot, function: fn } } },
    reasons: [
      `${def.name} is a PCI function, which is named by its address`,
      managed
        ? 'the hypervisor takes it from its driver and gives it back'
        : 'its driver has to be taken from it first',
      ...(capability.physicalFunction
        ? ['it is a virtual function; as an <interface> the guest could be given a MAC and a VLAN with it']
        : []),
      ...(capability.pciBridge || capability.cardbusBridge ? ['it is a bridge, which vfio-pci refuses'] : []),
      ...(companions > 0 ? [`${companions} more of its IOMMU group must leave their drivers with it`] : []),
    ],
  }
}

const usb: Propose<'usb_device'> = (capability, { def, others }) => {
  const { bus, device, vendor, product } = capability
  const address = { bus, device }
  if (!vendor?.id || product === undefined)
    return {
      hostdev: { kind: 'usb', managed: false, source: { address } },
      reasons: [`${def.name} has no vendor id, so its bus and device number say which it is; they change on replug`],
    }
  const twins = others.filter((other) => {
    const usb = capabilityOf(other, 'usb_device')
    return other.name !== def.name && usb?.vendor?.id === vendor.id && usb.product?.id === product.id
  })
  const ids = { vendor: vendor.id, product: product.id }
  const words = `${hex4(vendor.id)}:${hex4(product.id)}`
  return {
    hostdev: { kind: 'usb', managed: false, source: { ...ids, ...(twins.length > 0 && { address }) } },
    reasons: [
      twins.length > 0
        ? `${twins.length + 1} devices are ${words}, so bus and device number say which; they change on replug`
        : `${def.name} is the only ${words}, by which it is found again after a replug`,
    ],
  }
}

const scsi: Propose<'scsi'> = ({ host, bus, target, lun }, { def }) => ({
  hostdev: {
    kind: 'scsi',
    managed: false,
    source: { kind: 'adapter', adapter: `scsi_host${host}`, address: { bus, target, unit: String(lun) } },
  },
  reasons: [`${def.name} is a SCSI unit, which is named by its host adapter and address`],
})

const apis = ['vfio-pci', 'vfio-ccw', 'vfio-ap'] as const

const mdev: Propose<'mdev'> = (capability, { def, others }) => {
  const { uuid, type } = capability
  if (uuid === undefined) throw cannot(def, 'has no uuid; create the mediated device first')
  const parent = others.find(({ name }) => name === def.parent)
  const types = parent?.capabilities.flatMap(mdevTypesOf) ?? []
  const api = types.find(({ id }) => id === type)?.deviceApi
  const model = apis.find((each) => each === api)
  if (api !== undefined && model === undefined)
    throw cannot(def, `is a mediated device for ${api}, which no guest of libvirt's takes`)
  return {
    hostdev: { kind: 'mdev', managed: false, model: model ?? 'vfio-pci', source: { uuid } },
    reasons: [
      `${def.name} is a mediated device, which is named by its uuid`,
      model ? `its type ${type} is for ${model}` : `what its type ${type} is for is not known; most are for vfio-pci`,
    ],
  }
}

function mdevTypesOf(capability: Capability): readonly { id: string; deviceApi: string }[] {
  if (capability.kind === 'mdev_types') return capability.types
  return 'mdevTypes' in capability ? (capability.mdevTypes ?? []) : []
}

const net: Propose<'net'> = ({ interface: dev }, question) => {
  if (question.options.container)
    return {
      hostdev: { kind: 'net', source: { interface: dev } },
      reasons: [
        `a container takes the interface ${dev} out of the host by its name`,
        ...(/[^\w.\-\\:/]/.test(dev) ? ["libvirt's schema refuses such a name; rename the interface first"] : []),
      ],
    }
  return above(question, (parent) => `a guest is given the hardware of the interface ${dev}, which is ${parent}`)
}

const storage: Propose<'storage'> = ({ block }, question) => {
  if (question.options.container)
    return {
      hostdev: { kind: 'storage', source: { block } },
      reasons: [`a container sees the block device ${block} itself`],
    }
  return above(question, (parent) => `a guest is given what the disk ${block} is part of, which is ${parent}`)
}

/** A device that goes with the one above it. */
const part = (word: string) => (_: unknown, question: Question) =>
  above(question, (parent) => `${question.def.name} is ${word} of ${parent} and goes with it`)

/** How each kind of device is given to a guest; the others cannot be. */
const proposals: { readonly [K in CapabilityKind]?: Propose<K> } = {
  pci,
  usb_device: usb,
  usb: part('an interface'),
  net,
  storage,
  scsi,
  scsi_generic: part('the generic node'),
  scsi_host: part('the host adapter'),
  drm: part('a graphics node'),
  mdev,
}

/**
 * The host device by which a guest is given a device of the host: PCI functions, SCSI units and mediated devices by
 * address, USB devices by their ids as long as these say which is meant, and what is only a part of hardware, such as
 * a network interface, an NVMe disk or an HBA, by the hardware.
 *
 * @param others devices of the same host: those above the device, the parent of a mediated one, and for USB all
 * @throws VirtError `operation-unsupported` for what no guest can be given, with what could be instead
 */
export function toHostdev(
  def: NodeDeviceDef,
  others: readonly NodeDeviceDef[],
  options: ToHostdevOptions = {},
): HostdevProposal {
  for (const capability of def.capabilities) {
    const propose = capability.kind === 'other' ? undefined : proposals[capability.kind]
    if (propose)
      return (propose as (capability: Capability, question: Question) => HostdevProposal)(capability, {
        def,
        others,
        options,
      })
  }
  const kind = def.capabilities[0]?.kind ?? 'nothing'
  throw cannot(def, `is of kind ${kind}, which no guest can be given; pick a PCI, USB, SCSI, net or mediated device`)
}
