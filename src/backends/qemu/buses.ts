import type { QmpClient } from '../../wire/qmp/client.js'
import { childType, devices, ifThere, members, property, type QomDevice } from './qom.js'

/** A bus of a guest on which devices can be. */
export interface Bus {
  readonly kind: 'pci' | 'usb' | 'scsi'
  /** What QEMU calls it: `rp0`, `usb.0`. */
  readonly name: string
  readonly path: string
  /** Type of the device that has it; absent for a bus of the machine itself. */
  readonly owner?: string
  readonly ownerPath?: string
  /** As libvirt numbers the controllers of guests: from 0, for each kind of its own. */
  readonly number: number
}

/** A bus of QEMU's type, in our words. */
const kinds: Readonly<Record<string, Bus['kind']>> = {
  PCIE: 'pci',
  PCI: 'pci',
  CXL: 'pci',
  'usb-bus': 'usb',
  SCSI: 'scsi',
}

/** Host bridges that have the root bus, by machine: their places in the object model. */
const roots = ['/machine/q35/pcie.0', '/machine/i440fx/pci.0']

/** The devices and buses of a guest. */
export interface Machine {
  readonly devices: readonly QomDevice[]
  readonly buses: readonly Bus[]
}

/** Reads which devices and buses a guest has. */
export async function readMachine(qemu: QmpClient): Promise<Machine> {
  const found = await devices(qemu)
  const [rootBuses, owned] = await Promise.all([
    Promise.all(roots.map((path) => rootBus(qemu, path))),
    Promise.all(found.map((device) => ifThere(busesOf(qemu, device)))),
  ])
  const unnumbered = [
    ...rootBuses.flat(),
    ...(await inOrder(
      qemu,
      owned.flatMap((buses) => buses ?? []),
    )),
  ]
  return { devices: found, buses: numbered(unnumbered) }
}

type Unnumbered = Omit<Bus, 'number'>

async function rootBus(qemu: QmpClient, path: string): Promise<Unnumbered[]> {
  const [, machine = '', name = ''] = /^\/machine\/([^/]+)\/(.+)$/.exec(path) ?? []
  const isThere = (await members(qemu, '/machine')).some((member) => member.name === machine)
  return isThere ? [{ kind: 'pci', name, path }] : []
}

/** The buses of a device: its own children, or its backend's, as those of virtio adapters. */
async function busesOf(qemu: QmpClient, { path, type }: QomDevice): Promise<Unnumbered[]> {
  const all = await members(qemu, path)
  const hasBackend = all.some((member) => member.name === 'virtio-backend' && childType(member) !== undefined)
  const backend = `${path}/virtio-backend`
  const below = hasBackend && type.includes('scsi') ? await members(qemu, backend) : []
  const places = [...all.map((member) => ({ member, at: path })), ...below.map((member) => ({ member, at: backend }))]
  return places.flatMap(({ member, at }) => {
    const kind = kinds[childType(member) ?? '']
    const { name } = member
    return kind ? [{ kind, name, path: `${at}/${name}`, owner: type, ownerPath: path }] : []
  })
}

/** In the order in which their controllers are on the buses of the machine, which is that of its command line. */
async function inOrder(qemu: QmpClient, buses: readonly Unnumbered[]): Promise<Unnumbered[]> {
  const placed = await Promise.all(
    buses.map(async (bus) => ({ bus, at: Number(await property(qemu, bus.ownerPath ?? '', 'addr').catch(notPci)) })),
  )
  return placed.sort((a, b) => a.at - b.at || (a.bus.name < b.bus.name ? -1 : 1)).map(({ bus }) => bus)
}

/** A hub or an old adapter is at no address of the PCI bus; it comes last. */
const notPci = (): number => 0x10000

/** Names that libvirt gives keep their number; all other buses have those that are left, in order. */
function numbered(buses: readonly Unnumbered[]): Bus[] {
  const taken = { pci: new Set<number>(), usb: new Set<number>(), scsi: new Set<number>() }
  const own = buses.map((bus) => {
    const number = ownNumber(bus)
    if (number === undefined || taken[bus.kind].has(number)) return { bus, number: undefined }
    taken[bus.kind].add(number)
    return { bus, number }
  })
  return own.map(({ bus, number }) => {
    if (number !== undefined) return { ...bus, number }
    let free = 0
    while (taken[bus.kind].has(free)) free++
    taken[bus.kind].add(free)
    return { ...bus, number: free }
  })
}

function ownNumber({ kind, name }: Unnumbered): number | undefined {
  const shape = { pci: /^pcie?\.(\d+)$/, usb: /^usb(\d*)\.0$/, scsi: /^scsi(\d+)\.0$/ }[kind]
  const found = shape.exec(name)
  return found ? Number(found[1] || 0) : undefined
}

/** What is on a bus: paths of the devices. */
export async function childrenOf(qemu: QmpClient, { path }: Pick<Bus, 'path'>): Promise<string[]> {
  const links = (await members(qemu, path)).filter(
    ({ name, type }) => name.startsWith('child[') && type.startsWith('link<'),
  )
  const found = await Promise.all(links.map(({ name }) => ifThere(property(qemu, path, name))))
  return found.filter((child) => child !== undefined).map(String)
}
