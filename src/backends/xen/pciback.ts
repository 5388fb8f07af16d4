import { exists } from '../../host/plain-files.js'
import type { Step } from '../../manager/change.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import type { PciFunction } from '../../manager/pci-function.js'
import { driverMemory } from './pci-store.js'
import type { Via } from './via.js'

const drivers = '/sys/bus/pci/drivers'
const pciback = `${drivers}/pciback`

const bind = ({ address, folder }: PciFunction, driver: string) => ({
  write: `${drivers}/${driver}/bind`,
  value: address,
  goal: { of: folder, driver },
})

const unbind = ({ address, folder }: PciFunction, driver: string) => ({
  write: `${drivers}/${driver}/unbind`,
  value: address,
  goal: { of: folder, notDriver: driver },
})

const addSlot = ({ address }: PciFunction) => ({
  write: `${pciback}/new_slot`,
  value: address,
  goal: { of: `${pciback}/slots`, hasLine: address },
})

const removeSlot = ({ address }: PciFunction) => ({
  write: `${pciback}/remove_slot`,
  value: address,
  goal: { of: `${pciback}/slots`, lacksLine: address },
})

/** What pciback has already xl only puts into Xen's quarantine, with a warning. */
const enter = ({ address }: PciFunction) => ({ run: ['xl', 'pci-assignable-add', address] })

/** Without `-r` xl leaves the driver to us, and its memory. What is in no quarantine it does not touch at all. */
const leave = ({ address }: PciFunction, via: Via) => ({
  run: ['xl', 'pci-assignable-remove', ...(via === 'xl' ? ['-r'] : []), address],
  already: 'failed to de-quarantine',
})

/** A step that xl does on its own way: it is only taken back. */
const undoOnly = ({ device, undo }: Step): Step => ({ device, ...(undo && { undo }) })

/**
 * Has pciback hold a function for guests of Xen, and xenstore remember the driver that it had, where `xl` looks for it
 * (`libxl__device_pci_assignable_add`, tools/libs/light/libxl_pci.c). Unlike libxl, which writes it down when the
 * driver is gone, this comes first: what is cut off between the two has lost nothing.
 *
 * @param via - `xenstore` leaves out Xen's quarantine, for which there would have to be a hypercall
 */
export async function assignableSteps(host: ManagedHost, pci: PciFunction, via: Via): Promise<Step[]> {
  const { key: device, address, driver } = pci
  const memory = driverMemory(address)
  const former = (await host.memory?.read(memory)) ?? null
  const fromDriver: Step[] =
    driver === null
      ? []
      : [
          { device, do: { store: memory, value: `${drivers}/${driver}` }, undo: { store: memory, value: former } },
          { device, do: unbind(pci, driver) },
        ]
  const toPciback: Step[] = [
    { device, do: addSlot(pci), undo: removeSlot(pci) },
    { device, do: bind(pci, 'pciback'), undo: unbind(pci, 'pciback') },
  ]
  return [
    // undone last, when no other driver has it
    ...(driver === null ? [] : [{ device, undo: bind(pci, driver) }]),
    { device, do: { run: ['modprobe', 'xen-pciback'], goal: { exists: pciback } } },
    ...[...fromDriver, ...toPciback].map((step) => (via === 'xl' ? undoOnly(step) : step)),
    ...(via === 'xenstore' ? [] : [{ device, do: enter(pci), undo: leave(pci, 'auto') }]),
  ]
}

/**
 * Takes a function from pciback and gives it to the driver that xenstore remembers, whoever wrote that; where it
 * remembers none, to the one that the kernel chooses (`libxl__device_pci_assignable_remove` with rebind).
 */
export async function unassignableSteps(host: ManagedHost, pci: PciFunction, via: Via): Promise<Step[]> {
  const { key: device, address } = pci
  const memory = driverMemory(address)
  const path = await host.memory?.read(memory)
  const driver = path?.startsWith(`${drivers}/`) ? path.slice(drivers.length + 1) : undefined
  const isThere = driver !== undefined && /^[^/]+$/.test(driver) && exists(host.files, `${drivers}/${driver}`)
  return [
    ...(via === 'xenstore' || pci.driver !== 'pciback' ? [] : [{ device, do: leave(pci, via) }]),
    { device, do: unbind(pci, 'pciback'), undo: bind(pci, 'pciback') },
    { device, do: removeSlot(pci), undo: addSlot(pci) },
    isThere
      ? { device, do: bind(pci, driver), undo: unbind(pci, driver) }
      : { device, do: { write: '/sys/bus/pci/drivers_probe', value: address } },
    ...(path === undefined
      ? []
      : [{ device, do: { store: memory, value: null }, undo: { store: memory, value: path } }]),
  ]
}
