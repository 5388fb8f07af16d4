import { type PciAddress, parsePciAddress } from '../../model/pci-address.js'
import type { StoreView } from '../../wire/xenstore/view.js'

/** A PCI device of a guest, as xenstore has it (`libxl__device_pci_add_xenstore`, tools/libs/light/libxl_pci.c). */
export interface StoredPci {
  /** `0000:03:00.0`. */
  readonly address: string
  readonly source: PciAddress
  /** Where the guest sees it, as far as that is known. */
  readonly place: PciAddress | undefined
  /** Whether pciback lets the guest write all of its configuration space. */
  readonly permissive: boolean
}

const backends = '/local/domain/0/backend/pci'

/** The backend of a guest's PCI devices; it has one at most, which holds them all. */
export const pciBackend = (domain: number): string => `${backends}/${domain}/0`

/** What libxl keeps of a function (`PCI_BDF_XSPATH`): keys of xenstore know no colon and no full stop. */
const memoryOf = (address: string): string => `/libxl/pci/${address.replaceAll(/[:.]/g, '-')}`

/** The node with the driver that a function had. */
export const driverMemory = (address: string): string => `${memoryOf(address)}/driver_path`

/** The node with the guest that a function is given to. */
export const holderMemory = (address: string): string => `${memoryOf(address)}/domid`

/** The most that are read of one guest: no machine has more functions for it. */
const most = 256

/** The PCI devices of a guest, in the order in which it was given them. */
export async function readPciDevices(store: StoreView, domain: number): Promise<StoredPci[]> {
  const backend = pciBackend(domain)
  const count = Math.min(Number((await store.read(`${backend}/num_devs`)) ?? 0) || 0, most)
  const found = await Promise.all(Array.from({ length: count }, (_, index) => readDevice(store, backend, index)))
  return found.filter((each) => each !== undefined)
}

async function readDevice(store: StoreView, backend: string, index: number): Promise<StoredPci | undefined> {
  const key = (name: string) => store.read(`${backend}/${name}-${index}`)
  const [address, vdev, vdevfn, options] = await Promise.all([key('dev'), key('vdev'), key('vdevfn'), key('opts')])
  const source = address === undefined ? undefined : parsePciAddress(address)
  if (address === undefined || !source) return undefined
  return {
    address,
    source,
    place: placeOf(vdev, vdevfn),
    permissive: options?.split(',').includes('permissive=1') ?? false,
  }
}

/** pciback tells a PV guest's address, as `0000:00:01.00`; for others libxl has slot and function in one byte. */
function placeOf(vdev: string | undefined, vdevfn: string | undefined): PciAddress | undefined {
  const [, domain, bus, slot, fn] = /^([\da-f]{4}):([\da-f]{2}):([\da-f]{2})\.([\da-f]{2})$/.exec(vdev ?? '') ?? []
  const hex = (text = '') => Number.parseInt(text, 16)
  if (domain !== undefined) return { domain: hex(domain), bus: hex(bus), slot: hex(slot), function: hex(fn) }
  if (vdevfn === undefined || !/^[\da-f]{1,2}$/.test(vdevfn)) return undefined
  return { domain: 0, bus: 0, slot: hex(vdevfn) >> 3, function: hex(vdevfn) & 7 }
}

/** Which guest has each function, by its address and the guest's number. */
export async function readPciHolders(store: StoreView): Promise<Map<string, number>> {
  const domains = ((await store.directory(backends)) ?? []).filter((name) => /^\d+$/.test(name)).map(Number)
  const lists = await Promise.all(domains.map((domain) => readPciDevices(store, domain)))
  return new Map(lists.flatMap((devices, at) => devices.map(({ address }) => [address, domains[at] ?? 0] as const)))
}

/**
 * The guest that has a function, or is being given it by xl, by its number. Every guest's list is asked: what libxl
 * writes of it is gone once somebody has tried to give the function to another guest.
 */
export async function pciHolder(store: StoreView, address: string): Promise<number | undefined> {
  const [holders, domid] = await Promise.all([readPciHolders(store), store.read(holderMemory(address))])
  const holder = holders.get(address)
  if (holder !== undefined || domid === undefined || !/^\d+$/.test(domid)) return holder
  // an xl that was killed leaves it, and the guest may be gone since
  return (await store.read(`/local/domain/${domid}/name`)) === undefined ? undefined : Number(domid)
}
