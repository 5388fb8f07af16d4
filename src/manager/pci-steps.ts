import { VirtError } from '../errors.js'
import { exists, textOf } from '../host/plain-files.js'
import { Denied, type HostFiles } from '../os/host-files.js'
import type { Step } from './change.js'
import { readValue } from './goal.js'
import type { ManagedHost } from './managed-host.js'
import type { PciFunction } from './pci-function.js'
import type { StubDriver } from './vfio-driver.js'

const bus = '/sys/bus/pci'

/** Has the kernel look for a driver, which is to be that one; `undefined` where any will do. */
const probe = ({ address, folder }: PciFunction, driver: string | undefined) => ({
  write: `${bus}/drivers_probe`,
  value: address,
  ...(driver !== undefined && { goal: { of: folder, driver } }),
})

const unbind = ({ address, folder }: PciFunction, driver: string) => ({
  write: `${bus}/drivers/${driver}/unbind`,
  value: address,
  goal: { of: folder, notDriver: driver },
})

/** A newline clears the value; an empty write would be none at all. */
const override = ({ folder }: PciFunction, driver: string) => ({
  write: `${folder}/driver_override`,
  value: driver === '' ? '\n' : driver,
  goal: { of: `${folder}/driver_override`, value: driver },
})

/**
 * Takes a function from its driver and has another hold it: `driver_override`, `unbind`, `drivers_probe`
 * (Documentation/ABI/testing/sysfs-bus-pci). Their reverse restores the driver that it has now, and its override; none,
 * where it has none.
 */
export async function detachSteps(host: ManagedHost, pci: PciFunction, stub: StubDriver): Promise<Step[]> {
  const former = await overrideOf(host, pci)
  const { key: device, driver } = pci
  return [
    // undone last, when the override is what it was
    ...(driver === null ? [] : [{ device, undo: probe(pci, driver) }]),
    { device, do: { run: ['modprobe', stub.module], goal: { exists: `${bus}/drivers/${stub.driver}` } } },
    { device, do: override(pci, stub.driver), undo: override(pci, former) },
    ...(driver === null ? [] : [{ device, do: unbind(pci, driver) }]),
    { device, do: probe(pci, stub.driver), undo: unbind(pci, stub.driver) },
  ]
}

/**
 * Gives a function back of which nobody knows what it had before: takes it from the driver that holds it for guests,
 * and leaves the choice of another to the kernel. This is all that libvirt ever does (`virPCIDeviceReattach`).
 */
export async function releaseSteps(host: ManagedHost, pci: PciFunction, isStub: boolean): Promise<Step[]> {
  const former = await overrideOf(host, pci)
  const { key: device, driver } = pci
  const clear = { device, do: override(pci, ''), undo: override(pci, former) }
  if (driver !== null && isStub)
    return [{ device, do: unbind(pci, driver), undo: probe(pci, driver) }, clear, { device, do: probe(pci, undefined) }]
  if (former === '') return []
  return driver === null ? [clear, { device, do: probe(pci, undefined) }] : [clear]
}

/** Resets a function by the best way that the kernel knows for it (drivers/pci/pci.c, pci_reset_fn_methods). */
export const resetSteps = ({ key: device, folder }: PciFunction): Step[] => [
  { device, do: { write: `${folder}/reset`, value: '1' } },
]

/**
 * How the kernel could reset a function: `flr`, `pm`, `bus`…; `undefined` for kernels before 5.15, which do not say.
 */
export function resetMethods(files: HostFiles, { folder }: PciFunction): string[] | undefined {
  const methods = textOf(files, `${folder}/reset_method`)
  if (methods === undefined) return exists(files, `${folder}/reset`) ? undefined : []
  return methods.split(/\s+/).filter(Boolean)
}

async function overrideOf(host: ManagedHost, { name, folder }: PciFunction): Promise<string> {
  const path = `${folder}/driver_override`
  const value = await readValue(host, path)
  if (!(value instanceof Denied)) return value
  const { errno } = value
  if (errno === 'ETIMEDOUT')
    throw new VirtError('resource-busy', `${name}: a change of it hangs in the kernel; wait for its end`, {
      device: name,
    })
  throw new VirtError('system', `${name}: its driver_override cannot be read (${errno})`, { device: name, path, errno })
}
