import { VirtError } from '../../errors.js'
import type { GuestAddress } from '../../model/hostdev/guest-address.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { describeHostdev } from '../../model/hostdev-match.js'
import type { QmpClient } from '../../wire/qmp/client.js'
import { type Bus, childrenOf, type Machine } from './buses.js'
import { propertyOfEach } from './qom.js'
import { freeUsbPort } from './usb-ports.js'

/** Where a guest is to have a device: the address, and QEMU's words for it. */
export interface Place {
  readonly address?: GuestAddress
  readonly props: Readonly<Record<string, string | number | boolean>>
}

/** Who asks, for messages. */
interface Asking {
  readonly domain: string
  readonly def: HostdevDef
}

/** Ports that take one device, which may come and go (`virDomainPCIControllerModelToConnectType`). */
const slots = ['pcie-root-port', 'ioh3420', 'xio3130-downstream']
/** Buses with many slots whose devices may come and go. */
const bridges = ['pci-bridge', 'pcie-pci-bridge']

const refused = ({ domain, def }: Asking, problem: string): VirtError =>
  new VirtError('operation-failed', `${describeHostdev(def)} has no place in the guest ${domain}: ${problem}`, {
    domain,
    backend: 'qemu',
  })

/**
 * The place of a device in a guest: that which its def names, or the first that is free.
 *
 * @throws VirtError `operation-failed` when there is none, or the one that is named takes no
 * device while the guest runs
 */
export async function placeFor(qemu: QmpClient, machine: Machine, asking: Asking): Promise<Place> {
  switch (asking.def.kind) {
    case 'usb':
      return await usbPlace(qemu, machine, asking)
    case 'scsi':
      return await scsiPlace(qemu, machine, asking)
    case 'mdev':
      return asking.def.model === 'vfio-pci' ? await pciPlace(qemu, machine, asking) : { props: {} }
    default:
      return await pciPlace(qemu, machine, asking)
  }
}

async function pciPlace(qemu: QmpClient, { buses }: Machine, asking: Asking): Promise<Place> {
  const pci = buses.filter(({ kind }) => kind === 'pci')
  const wanted = wantedAddress(asking, 'pci')
  if (wanted?.slot !== undefined) {
    const { bus: number = 0, slot, function: fn = 0, multifunction } = wanted
    const bus = pci.find((each) => each.number === number)
    if (!bus) throw refused(asking, `it has no PCI bus ${number}`)
    if (!takesDevices(bus)) throw refused(asking, noHotPlug(bus))
    const used = await usedFunctions(qemu, bus)
    if (used.has(slot * 8 + fn)) throw refused(asking, `slot ${slot}, function ${fn} of bus ${number} is in use`)
    return pciAt(bus, slot, fn, multifunction)
  }
  for (const bus of pci.filter(({ owner }) => slots.includes(owner ?? '')))
    if ((await usedFunctions(qemu, bus)).size === 0) return pciAt(bus, 0, 0)
  for (const bus of pci.filter((each) => takesDevices(each) && !slots.includes(each.owner ?? ''))) {
    const used = new Set(Array.from(await usedFunctions(qemu, bus), (at) => at >> 3))
    // slot 0 is the bridge's own
    for (let slot = 1; slot < 32; slot++) if (!used.has(slot)) return pciAt(bus, slot, 0)
  }
  const root = pci.find(({ owner }) => owner === undefined)
  throw refused(asking, root && pci.length === 1 ? noHotPlug(root) : `all its root ports are in use; ${morePorts}`)
}

const morePorts = 'start it with more of them: -device pcie-root-port,id=rp1,chassis=1'
const noHotPlug = ({ name }: Bus): string => `its bus ${name} takes none while it runs; ${morePorts}`

/** Whether devices can come to a bus while the guest runs: to any but the root of PCI Express and what is like it. */
const takesDevices = ({ name, owner }: Bus): boolean =>
  owner === undefined ? name.startsWith('pci.') : slots.includes(owner) || bridges.includes(owner)

function pciAt({ name, number }: Bus, slot: number, fn: number, multifunction?: boolean): Place {
  const more = multifunction === undefined ? {} : { multifunction }
  const addr = `0x${slot.toString(16)}${fn === 0 ? '' : `.0x${fn.toString(16)}`}`
  return {
    address: { kind: 'pci', domain: 0, bus: number, slot, function: fn, ...more },
    props: { bus: name, addr, ...more },
  }
}

/** Slots and functions in use, as eight times the slot and the function. */
async function usedFunctions(qemu: QmpClient, bus: Bus): Promise<Set<number>> {
  const children = await childrenOf(qemu, bus)
  return new Set((await propertyOfEach(qemu, children, 'addr')).map(Number))
}

async function usbPlace(qemu: QmpClient, { buses }: Machine, asking: Asking): Promise<Place> {
  const usb = buses.filter(({ kind }) => kind === 'usb')
  const wanted = wantedAddress(asking, 'usb')
  const candidates = wanted === undefined ? usb : usb.filter(({ number }) => number === (wanted.bus ?? 0))
  // a controller of the machine itself is none of the devices: QEMU knows it
  if (usb.length === 0 && wanted === undefined) return { props: {} }
  for (const bus of candidates) {
    const port = await freeUsbPort(qemu, bus, wanted?.port)
    if (port === 'unknown') return { props: { bus: bus.name } }
    if (port !== undefined) return { address: { kind: 'usb', bus: bus.number, port }, props: { bus: bus.name, port } }
  }
  if (candidates.length === 0) throw refused(asking, `it has no USB controller ${wanted?.bus ?? 0}`)
  if (wanted?.port !== undefined)
    throw refused(asking, `port ${wanted.port} of USB controller ${wanted.bus ?? 0} is in use`)
  throw refused(asking, 'all its USB ports are in use; start it with another -device qemu-xhci')
}

async function scsiPlace(qemu: QmpClient, { buses }: Machine, asking: Asking): Promise<Place> {
  const scsi = buses.filter(({ kind }) => kind === 'scsi')
  const wanted = wantedAddress(asking, 'drive')
  const bus = wanted ? scsi.find(({ number }) => number === (wanted.controller ?? 0)) : scsi[0]
  if (!bus) throw refused(asking, 'it has no such SCSI adapter; start it with -device virtio-scsi-pci,id=scsi0')
  const isOld = !/virtio/.test(bus.owner ?? '')
  const children = await childrenOf(qemu, bus)
  const targets = await propertyOfEach(qemu, children, 'scsi-id')
  const units = isOld ? targets.map(() => 0) : await propertyOfEach(qemu, children, 'lun')
  const used = targets.map((target, index) => `${target}:${units[index]}`)
  const at = (target: number, unit: number): Place => ({
    address: isOld
      ? { kind: 'drive', controller: bus.number, bus: 0, target: 0, unit: target }
      : { kind: 'drive', controller: bus.number, bus: wanted?.bus ?? 0, target, unit },
    props: {
      bus: bus.name,
      ...(isOld ? { 'scsi-id': target } : { channel: wanted?.bus ?? 0, 'scsi-id': target, lun: unit }),
    },
  })
  if (wanted) {
    const [target, unit] = isOld ? [wanted.unit ?? 0, 0] : [wanted.target ?? 0, wanted.unit ?? 0]
    if (used.includes(`${target}:${unit}`)) throw refused(asking, `target ${target}, unit ${unit} is in use`)
    return at(target, unit)
  }
  for (let number = 0; number < (isOld ? 7 : 16384); number++) {
    const [target, unit] = isOld ? [number, 0] : [0, number]
    if (!used.includes(`${target}:${unit}`)) return at(target, unit)
  }
  throw refused(asking, 'all units of its SCSI adapter are in use')
}

/** The address that a def names. @throws VirtError `config-unsupported` for one of another kind */
function wantedAddress<K extends 'pci' | 'usb' | 'drive'>(
  { def }: Asking,
  kind: K,
): Extract<GuestAddress, { kind: K }> | undefined {
  const address = 'address' in def ? def.address : undefined
  if (address === undefined) return undefined
  if (address.kind === kind) return address as Extract<GuestAddress, { kind: K }>
  throw new VirtError(
    'config-unsupported',
    `${describeHostdev(def)} has an address of type '${address.kind}', not '${kind}'`,
  )
}
