import { deadline } from '../../async/deadline.js'
import type { CallOptions } from '../../backend.js'
import { errorDomains, VirtError } from '../../errors.js'
import { writeXlDevice } from '../../formats/xl-hostdev.js'
import { generateName } from '../../host/names.js'
import { Book } from '../../manager/book.js'
import type { DeviceRecord, Step } from '../../manager/change.js'
import { usersWith } from '../../manager/claim.js'
import { isSameUser } from '../../manager/guests.js'
import type { ManagedDevice } from '../../manager/host-device.js'
import { makeChange, refuseFor } from '../../manager/make-change.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import { type PciFunction, readPciFunction } from '../../manager/pci-function.js'
import { takeInventory } from '../../manager/preflight/inventory.js'
import { pciFindings } from '../../manager/preflight/pci-findings.js'
import type { HostdevDef, HostdevOf } from '../../model/hostdev.js'
import { describeHostdev } from '../../model/hostdev-match.js'
import { formatPciAddress } from '../../model/pci-address.js'
import { freeSteps } from './assignable.js'
import type { RunningGuest } from './guests.js'
import type { PciWords } from './pci-hand-over.js'
import { holderMemory, pciBackend, readPciDevices, type StoredPci } from './pci-store.js'
import { assignableSteps, unassignableSteps } from './pciback.js'
import { changeable } from './usb.js'
import { needXl, possibleVia } from './via.js'
import type { DeviceKind, XenHost } from './xen-host.js'
import { userOf } from './xen-user.js'

type PciHostdev = HostdevOf<'pci'>

/** PCI devices of guests: listed by what xenstore has, given and taken through xl. */
export const pciDevices = (host: XenHost): DeviceKind => ({
  kind: 'pci',
  async list(guest) {
    return (await readPciDevices(host.store, guest.id)).map((device) => defOf(host, guest, device))
  },
  async attach(guest, defs, options) {
    const wanted = defs.map(asPci)
    const once = new Map(wanted.map((def) => [addressOf(def), def]))
    await attachPci(host, guest, [...once.values()], options)
    const there = await placedDevices(host, guest.id, wanted.map(addressOf), options)
    return wanted.map((def) => {
      const found = there.find(({ address }) => address === addressOf(def))
      return found ? defOf(host, guest, found) : def
    })
  },
  async detach(guest, defs, options) {
    await detachPci(host, guest, defs.map(asPci), options)
  },
})

/** Says that the guest's driver is not to be waited for any longer. */
const unanswered = Symbol('unanswered')

/**
 * What a guest has, once pciback has told where it sees the wanted devices, which is after the guest's driver has
 * answered. xl does not wait for that; a guest without the driver never answers and has them all the same.
 */
async function placedDevices(
  { store, patience }: XenHost,
  domain: number,
  wanted: readonly string[],
  { signal }: CallOptions,
): Promise<StoredPci[]> {
  await using changes = await store.watch(pciBackend(domain), { signal })
  let there: StoredPci[] = []
  const looking = async () => {
    for await (const _ of changes) {
      there = await readPciDevices(store, domain)
      if (!there.some(({ address, place }) => !place && wanted.includes(address))) return
    }
  }
  try {
    await deadline({ signal, timeout: patience }, () => unanswered, looking)
  } catch (error) {
    if (error !== unanswered) throw error
  }
  return there
}

/** xenstore does not say whether a device goes back to its driver when the guest has done with it; the book may. */
function defOf(
  { managed }: XenHost,
  guest: RunningGuest,
  { address, source, place, permissive }: StoredPci,
): PciHostdev {
  const users = (managed && new Book(managed).read(`pci-${address}`)?.users) ?? []
  const given = users.find((user) => isSameUser(user, userOf(guest)))?.hostdev
  return {
    kind: 'pci',
    managed: (given?.kind === 'pci' && given.managed) ?? false,
    driver: { name: 'xen' },
    source: { address: source, ...(permissive && { writeFiltering: false }) },
    alias: `pci-${address.replaceAll(/[:.]/g, '-')}`,
    ...(place && { address: { kind: 'pci', ...place } }),
  }
}

function asPci(def: HostdevDef): PciHostdev {
  if (def.kind === 'pci') return def
  throw new VirtError('internal', `${describeHostdev(def)} is no PCI device`)
}

const addressOf = ({ source }: PciHostdev): string => formatPciAddress(source.address)

/**
 * All of them or none, as one change: made assignable where they are managed, then given by xl. Answers to
 * `libxl_device_pci_add`.
 *
 * @throws VirtError `operation-invalid` for what a guest has, what the host needs itself, and what is at a driver
 * though it is not managed; what xl says
 */
async function attachPci(
  host: XenHost,
  guest: RunningGuest,
  defs: readonly PciHostdev[],
  { signal }: CallOptions,
): Promise<void> {
  const managed = changeable(host)
  await needXl(host, 'giving a guest a PCI device')
  const options = signal ? { signal } : {}
  const devices = defs.map((def) => readPciFunction(host.files, addressOf(def)))
  const writable = devices.map(({ folder }) => `${folder}/driver/unbind`)
  const user = userOf(guest)
  await makeChange(managed, { verb: 'attach', devices, writable }, options, async () => {
    const inventory = await takeInventory(managed, { for: 'xen', ...options })
    const records: DeviceRecord[] = []
    const steps: Step[] = []
    for (const def of defs) {
      const device = readPciFunction(host.files, addressOf(def))
      // xl would fail, too, and forget on the way whose the device is
      const freeing = await freeSteps(host, device)
      refuseFor(device, await pciFindings(inventory, device))
      const record = await new Book(managed).get(device)
      const taking = await takingSteps(host, managed, device, def)
      const { key, name, inode } = device
      const detached = taking.length > 0 ? { driver: 'pciback', steps: taking } : record?.detached
      const users = usersWith(record, device, { ...user, hostdev: def })
      records.push({ key, name, inode, ...(detached && { detached }), users })
      const words: PciWords = { spec: writeXlDevice({ ...def, managed: false }).text }
      const giving: Step = { device: key, do: { give: user, words }, undo: { take: user } }
      steps.push(...freeing, ...taking, { device: key, undo: forgetting(guest, def) }, giving)
    }
    return { verb: 'attach', devices, steps, recovery: 'ask', records }
  })
}

/** An xl that was killed leaves a device marked as that guest's, and then nobody could have it any more. */
const forgetting = ({ id }: RunningGuest, def: PciHostdev) => ({
  store: holderMemory(addressOf(def)),
  value: null,
  replacing: String(id),
})

/** @throws VirtError `operation-invalid` when nobody was told to take it from its driver */
async function takingSteps(
  host: XenHost,
  managed: ManagedHost,
  device: PciFunction,
  { managed: isManaged }: PciHostdev,
): Promise<Step[]> {
  if (device.driver === 'pciback') return []
  if (isManaged) return await assignableSteps(managed, device, await possibleVia(host))
  const by = device.driver === null ? 'held for guests by no driver' : `in use by the host's driver ${device.driver}`
  throw new VirtError('operation-invalid', `${device.name} is ${by}; detach it first, or give it managed='yes'`, {
    device: device.name,
    errorDomain: errorDomains.xen,
  })
}

/**
 * As one change; those that are managed go back to their drivers. Answers to `libxl_device_pci_remove`.
 *
 * @throws VirtError `timeout` when the guest does not let go; what xl says
 */
async function detachPci(
  host: XenHost,
  guest: RunningGuest,
  defs: readonly PciHostdev[],
  { signal }: CallOptions,
): Promise<void> {
  const managed = changeable(host)
  await needXl(host, 'taking a PCI device from a guest')
  const devices = defs.map(managedDevice)
  const intent = { verb: 'unplug', devices, writable: [] } as const
  await makeChange(managed, intent, signal ? { signal } : {}, async () => {
    const parts = await Promise.all(defs.map((def) => returning(host, managed, guest, def)))
    const [steps, records] = [parts.flatMap((part) => part.steps), parts.map(({ record }) => record)]
    return { verb: 'unplug', devices, steps, recovery: 'finish', records }
  })
}

const managedDevice = (def: PciHostdev): ManagedDevice => {
  const address = addressOf(def)
  return { key: `pci-${address}`, name: generateName('pci', address) }
}

/** How one device is taken back, and what the book says of it then. */
async function returning(
  host: XenHost,
  managed: ManagedHost,
  guest: RunningGuest,
  def: PciHostdev,
): Promise<{ steps: Step[]; record: DeviceRecord }> {
  const { key, name } = managedDevice(def)
  const user = userOf(guest)
  const taking: Step[] = [
    { device: key, do: { take: user } },
    { device: key, do: forgetting(guest, def) },
  ]
  const device = presentFunction(host, addressOf(def))
  // unplugged: all that is left of it is what xenstore says
  if (!device) return { steps: taking, record: { key, name, inode: 0, users: [] } }
  const record = await new Book(managed).get(device, { leaving: user })
  const users = record?.users ?? []
  const { inode } = device
  if (!def.managed) return { steps: taking, record: { key, name, inode, ...record, users } }
  const back = await unassignableSteps(managed, device, await possibleVia(host))
  return { steps: [...taking, ...back], record: { key, name, inode, users } }
}

/** A PCI function by its address; `undefined` when it is unplugged. */
export function presentFunction({ files }: XenHost, address: string): PciFunction | undefined {
  try {
    return readPciFunction(files, address)
  } catch (error) {
    if (VirtError.is(error, 'device-missing')) return undefined
    throw error
  }
}
