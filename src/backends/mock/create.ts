import { VirtError } from '../../errors.js'
import type { MdevDevice, MdevType } from '../../model/kinds/mdev.js'
import { capabilityOf, type NodeDeviceDef } from '../../model/node-device.js'
import { formatPciAddress, type PciAddress } from '../../model/pci-address.js'
import type { MockDevice, MockHost } from './host.js'

/** The only devices that can be made: mediated ones, and virtual Fibre Channel ports. Others are error 67, as in libvirt. */
export function create(host: MockHost, def: NodeDeviceDef): string {
  const mdev = capabilityOf(def, 'mdev')
  if (mdev) {
    const device = addMdev(host, def, mdev, { active: true })
    host.tell({ kind: 'created', device: device.def.name })
    return device.def.name
  }
  if (capabilityOf(def, 'scsi_host')) return createVport(host, def)
  throw new VirtError(
    'config-unsupported',
    `${def.name} cannot be created; only mediated devices and virtual Fibre Channel ports can`,
    { device: def.name },
  )
}

/** Takes a created device away again. */
export function destroy(host: MockHost, name: string): void {
  const device = host.device(name)
  const { def } = device
  const mdev = capabilityOf(def, 'mdev')
  const fc = capabilityOf(def, 'scsi_host')?.fcHost
  if (!device.active)
    throw new VirtError('operation-invalid', `${name} is not active; start it first`, { device: name })
  if (mdev) {
    const holder = host.holderOf((each) => each.kind === 'mdev' && each.source.uuid === mdev.uuid)
    if (holder)
      throw new VirtError('internal', `${name} is in use by the guest ${holder.name}; detach it there first`, {
        device: name,
        domain: holder.name,
      })
    deactivateMdev(host, device, mdev)
  } else if (fc && def.parent?.startsWith('scsi_host')) {
    const vports = capabilityOf(host.device(def.parent).def, 'scsi_host')?.vportOps
    if (vports) vports.vports--
    host.devices.delete(name)
  } else
    throw new VirtError('config-unsupported', `${name} was not created here and cannot be destroyed`, { device: name })
  host.tell({ kind: 'deleted', device: name }, def)
}

/** Defines a mediated device without starting it. */
export function define(host: MockHost, def: NodeDeviceDef): string {
  const device = addMdev(host, def, needMdev(def), { active: false, persistent: true })
  host.tell({ kind: 'defined', device: device.def.name })
  return device.def.name
}

/** Forgets a definition; a device that is active stays, and is transient then. */
export function undefine(host: MockHost, name: string): void {
  const device = host.device(name)
  needMdev(device.def)
  if (!device.persistent)
    throw new VirtError('operation-invalid', `${name} has no definition to forget; it is transient`, { device: name })
  device.persistent = device.autostart = false
  if (!device.active) host.devices.delete(name)
  host.tell({ kind: 'undefined', device: name })
}

/** Starts a defined device. */
export function start(host: MockHost, name: string): void {
  const device = host.device(name)
  if (device.active) throw new VirtError('operation-invalid', `${name} is active already`, { device: name })
  take(host, device.def, needMdev(device.def))
  device.active = true
  host.tell({ kind: 'created', device: name })
}

/** Has a defined device started with the host. */
export function setAutostart(host: MockHost, name: string, autostart: boolean): void {
  const device = host.device(name)
  if (!capabilityOf(device.def, 'mdev'))
    throw new VirtError('operation-unsupported', `${name} is no mediated device and has no autostart`, { device: name })
  if (!device.persistent)
    throw new VirtError('operation-invalid', `${name} is transient; define it first`, { device: name })
  device.autostart = autostart
}

function needMdev(def: NodeDeviceDef): MdevDevice {
  const mdev = capabilityOf(def, 'mdev')
  if (mdev) return mdev
  throw new VirtError('config-unsupported', `${def.name} is no mediated device and has no definition`, {
    device: def.name,
  })
}

function addMdev(
  host: MockHost,
  def: NodeDeviceDef,
  mdev: MdevDevice,
  state: { active: boolean; persistent?: boolean },
): MockDevice {
  const parent = host.devices.get(def.parent ?? '')
  if (!parent)
    throw new VirtError('no-node-device', `the parent ${def.parent ?? '(none given)'} is not on this host`, {
      device: def.parent ?? '',
    })
  const uuid = mdev.uuid ?? globalThis.crypto.randomUUID()
  const pci = capabilityOf(parent.def, 'pci')
  const address = pci ? formatPciAddress(pci) : parent.def.name
  if (state.active) take(host, def, mdev)
  return host.add(
    {
      ...structuredClone(def),
      name: `mdev_${uuid}_${address}`.replace(/[^A-Za-z0-9]/g, '_'),
      ...(parent.def.path !== undefined && { path: `${parent.def.path}/${uuid}` }),
      driver: 'vfio_mdev',
      capabilities: [{ kind: 'mdev', ...mdev, uuid, parentAddress: address }],
    },
    state,
  )
}

function typeOf(host: MockHost, def: NodeDeviceDef, mdev: MdevDevice): MdevType | undefined {
  const parent = host.devices.get(def.parent ?? '')?.def
  for (const capability of parent?.capabilities ?? []) {
    const types = 'mdevTypes' in capability ? capability.mdevTypes : 'types' in capability ? capability.types : []
    const type = types?.find(({ id }) => id === mdev.type)
    if (type) return type
  }
  return undefined
}

/** Takes one of the instances that the parent has left. */
function take(host: MockHost, def: NodeDeviceDef, mdev: MdevDevice): void {
  const type = typeOf(host, def, mdev)
  if (!type)
    throw new VirtError('internal', `${def.parent} has no mediated devices of type ${mdev.type}; see its mdevTypes`, {
      device: def.parent ?? '',
    })
  if (type.availableInstances === 0)
    throw new VirtError('internal', `${def.parent} has no more room for a mediated device of type ${mdev.type}`, {
      device: def.parent ?? '',
    })
  type.availableInstances--
}

function deactivateMdev(host: MockHost, device: MockDevice, mdev: MdevDevice): void {
  const type = typeOf(host, device.def, mdev)
  if (type) type.availableInstances++
  device.active = false
  if (!device.persistent) host.devices.delete(device.def.name)
}

const wwnTaken = (host: MockHost, wwpn: string) =>
  [...host.devices.values()].some(({ def }) => capabilityOf(def, 'scsi_host')?.fcHost?.wwpn === wwpn)

/** World wide names of NAA type 5, as libvirt makes them: the digit, an OUI of its own, and 36 random bits. */
function randomWwn(): string {
  const [high = 0, low = 0] = globalThis.crypto.getRandomValues(new Uint32Array(2))
  return `5001a4a${(high & 0xf).toString(16)}${low.toString(16).padStart(8, '0')}`
}

/** The HBA on which a virtual port is made: by name, by WWNs, by fabric, or the first that has room. */
function vportParent(host: MockHost, def: NodeDeviceDef): MockDevice {
  const hbas = [...host.devices.values()].filter((each) => capabilityOf(each.def, 'scsi_host')?.vportOps)
  const named = hbas.find((hba) => {
    const fc = capabilityOf(hba.def, 'scsi_host')?.fcHost
    if (def.parent !== undefined) return hba.def.name === def.parent
    if (def.parentWwnn !== undefined) return fc?.wwnn === def.parentWwnn && fc.wwpn === def.parentWwpn
    if (def.parentFabricWwn !== undefined) return fc?.fabricWwn === def.parentFabricWwn
    const vports = capabilityOf(hba.def, 'scsi_host')?.vportOps
    return vports !== undefined && vports.vports < vports.maxVports
  })
  if (named) return named
  throw new VirtError('internal', `no host bus adapter for ${def.name} is here or has room for a virtual port`, {
    device: def.parent ?? def.name,
  })
}

function createVport(host: MockHost, def: NodeDeviceDef): string {
  const parent = vportParent(host, def)
  const vports = capabilityOf(parent.def, 'scsi_host')?.vportOps
  const wanted = capabilityOf(def, 'scsi_host')?.fcHost
  const fc = { wwnn: wanted?.wwnn ?? randomWwn(), wwpn: wanted?.wwpn ?? randomWwn() }
  if (vports && vports.vports >= vports.maxVports)
    throw new VirtError('internal', `${parent.def.name} has all its ${vports.maxVports} virtual ports in use`, {
      device: parent.def.name,
    })
  if (wwnTaken(host, fc.wwpn))
    throw new VirtError('operation-failed', `the port name ${fc.wwpn} is in use already`, { device: parent.def.name })
  const numbers = [...host.devices.values()].map(({ def: each }) => capabilityOf(each, 'scsi_host')?.host ?? -1)
  const number = Math.max(...numbers) + 1
  const name = `scsi_host${number}`
  host.add({
    name,
    ...(parent.def.path !== undefined && { path: `${parent.def.path}/vport-0:0-${number}/host${number}` }),
    parent: parent.def.name,
    capabilities: [{ kind: 'scsi_host', host: number, uniqueId: number, fcHost: fc }],
  })
  if (vports) vports.vports++
  host.tell({ kind: 'created', device: name })
  return name
}

/** Has a physical function make so many virtual ones, on the addresses after its own. */
export function setVirtualFunctions(host: MockHost, name: string, count: number): void {
  const device = host.device(name)
  const pci = capabilityOf(device.def, 'pci')
  const most = pci?.virtualFunctions?.maxCount
  if (!pci?.virtualFunctions || most === undefined)
    throw new VirtError('operation-unsupported', `${name} has no virtual functions (SR-IOV)`, { device: name })
  if (!Number.isInteger(count) || count < 0 || count > most)
    throw new VirtError('invalid-argument', `${name} can have 0 to ${most} virtual functions, not ${count}`, {
      device: name,
    })
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
  pci.virtualFunctions.addresses = Array.from({ length: count }, (_, index) => after(pci, index + 1))
  for (const [index, address] of pci.virtualFunctions.addresses.entries()) {
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
