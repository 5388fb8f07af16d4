import { type Backend, type CallOptions, need } from '../backend.js'
import { VirtError } from '../errors.js'
import { isHostDevice } from '../model/hostdev-match.js'
import { capabilityOf, type NodeDeviceDef } from '../model/node-device.js'
import { samePciAddress } from '../model/pci-address.js'

/**
 * The name of a virtual function that no guest has: one that the host has, before one that is detached already.
 *
 * @throws VirtError `operation-unsupported` for a device without any, `resource-busy` when all are in use
 */
export async function freeFunction(backend: Backend, parent: NodeDeviceDef, options: CallOptions): Promise<string> {
  const functions = capabilityOf(parent, 'pci')?.virtualFunctions
  if (!functions)
    throw new VirtError('operation-unsupported', `${parent.name} has no virtual functions (SR-IOV)`, {
      device: parent.name,
    })
  const defs: NodeDeviceDef[] = []
  for (const name of await backend.devices.list({ capability: 'pci' }, options)) {
    const def = await backend.devices.lookup(name, options)
    const pci = def && capabilityOf(def, 'pci')
    if (def && pci && functions.addresses.some((address) => samePciAddress(address, pci))) defs.push(def)
  }
  const free = backend.devices.assignability
    ? await assignable(backend, defs, options)
    : await unused(backend, defs, options)
  const rank = ({ driver }: NodeDeviceDef) => (driver === 'vfio-pci' || driver === 'pciback' ? 1 : 0)
  const [found] = free.sort((a, b) => rank(a) - rank(b))
  if (found) return found.name
  const remedy = `make more of them: ${functions.maxCount ?? 0} are possible`
  throw new VirtError('resource-busy', `${parent.name} has ${defs.length} virtual functions, all in use; ${remedy}`, {
    device: parent.name,
  })
}

async function assignable(backend: Backend, defs: NodeDeviceDef[], options: CallOptions): Promise<NodeDeviceDef[]> {
  const names = defs.map(({ name }) => name)
  const answers = await need(backend, backend.devices, 'assignability')(names, options)
  const isFree = ({ name }: NodeDeviceDef) =>
    answers.get(name)?.findings.every(({ code, severity }) => severity === 'note' || !inUse.includes(code)) === true
  return defs.filter(isFree)
}

/** What says that somebody has it: that the host lacks an IOMMU makes it no less free. */
const inUse: readonly string[] = [
  'in-use',
  'unfinished',
  'default-route',
  'ssh-session',
  'mounted',
  'swap',
  'root-disk',
]

async function unused(backend: Backend, defs: NodeDeviceDef[], options: CallOptions): Promise<NodeDeviceDef[]> {
  const guests = (await backend.domains?.list(options)) ?? []
  const given = (await Promise.all(guests.map(({ name }) => backend.domains?.hostdevs(name, options) ?? []))).flat()
  return defs.filter((def) => !given.some((hostdev) => isHostDevice(def, hostdev)))
}
