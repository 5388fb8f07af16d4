import type { CallOptions } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { checkedUuid } from '../../formats/mdevctl.js'
import { exists } from '../../host/plain-files.js'
import type { MdevDevice } from '../../model/kinds/mdev.js'
import { mdevName, needMdevParent, needMdevType } from '../../model/mdev-parent.js'
import type { NodeDeviceDef } from '../../model/node-device.js'
import { definable } from '../../model/virtual-device.js'
import type { Action } from '../action.js'
import type { Step } from '../change.js'
import type { ManagedDevice } from '../host-device.js'
import { makeChange, refuseFor } from '../make-change.js'
import type { ManagedHost } from '../managed-host.js'
import { readMdevDevice } from '../mdev-device.js'
import { takeInventory } from '../preflight/inventory.js'
import { useFindings } from '../preflight/use-findings.js'
import { vfioNodes } from '../vfio-nodes.js'
import { refuseUnfinished } from './unfinished.js'

/**
 * Makes a mediated device, and writes its attributes in their order
 * (Documentation/driver-api/vfio-mediated-device.rst). It is gone with the next boot.
 *
 * @param parent - the device of the name that the def gives
 * @returns the name of the new device
 * @throws VirtError `config-unsupported` for a parent that can have none; `internal` (libvirt's 1, which it has from
 * mdevctl) for a type the parent has not or can make no more of, a UUID that is there, an attribute that is not
 */
export async function createMdev(
  host: ManagedHost,
  def: NodeDeviceDef,
  parent: NodeDeviceDef | undefined,
  options: CallOptions,
): Promise<string> {
  const mdev = definable(def)
  const above = needMdevParent(def, parent)
  const uuid = checkedUuid(def, mdev.uuid ?? crypto.randomUUID())
  const device = mdevKey(uuid, above.address)
  const create = `${above.parent.path}/mdev_supported_types/${needMdevType(above.parent, mdev).id}/create`
  const steps = creationSteps(device, create, { ...mdev, uuid })
  await makeChange(host, { verb: 'create', devices: [device], writable: [create] }, options, async () => {
    refuseUnfinished(host, [device])
    if (exists(host.files, folderOf(uuid)))
      throw new VirtError('internal', `${device.name}: a mediated device ${uuid} is there already; take another UUID`, {
        device: device.name,
      })
    return { verb: 'create', devices: [device], steps, recovery: 'undo', records: [] }
  }).catch((error: unknown) => {
    throw withoutAttribute(error, device) ?? error
  })
  return device.name
}

/**
 * Takes a mediated device away.
 *
 * @throws VirtError `internal` (libvirt's 1) while a guest or a program has it, for the kernel would wait for them
 */
export async function destroyMdev(
  host: ManagedHost,
  { name }: NodeDeviceDef,
  { uuid = '' }: MdevDevice,
  options: CallOptions,
): Promise<void> {
  const device = readMdevDevice(host.files, uuid, name)
  const remove = removal(uuid)
  await makeChange(host, { verb: 'destroy', devices: [device], writable: [remove.write] }, options, async () => {
    const nodes = vfioNodes(host.files, device.folder)
    const findings = await useFindings(await takeInventory(host, options), device, nodes)
    const inUse = findings.find(({ code }) => code === 'in-use')
    if (inUse) throw new VirtError('internal', `${name} ${inUse.message}; ${inUse.remedy}`, { device: name })
    refuseFor(device, findings)
    const steps = [{ device: device.key, do: remove }]
    return { verb: 'destroy', devices: [device], steps, recovery: 'finish', records: [{ ...device, users: [] }] }
  })
}

/** A mediated device as changes know it, be it there or not. */
export const mdevKey = (uuid: string, parentAddress: string): ManagedDevice => ({
  key: `mdev-${uuid}`,
  name: mdevName(uuid, parentAddress),
})

const folderOf = (uuid: string): string => `/sys/bus/mdev/devices/${uuid}`

const removal = (uuid: string): Action & { write: string } => ({
  write: `${folderOf(uuid)}/remove`,
  value: '1',
  goal: { absent: folderOf(uuid) },
  unused: folderOf(uuid),
})

function creationSteps(
  { key, name: device }: ManagedDevice,
  create: string,
  { uuid = '', attributes = [] }: MdevDevice,
): Step[] {
  const made = {
    device: key,
    do: { write: create, value: uuid, goal: { exists: folderOf(uuid) } },
    undo: removal(uuid),
  }
  const set = attributes.map(({ name, value }): Step => {
    // it becomes part of a path
    if (!/^\w[\w.-]*$/.test(name))
      throw new VirtError('internal', `${device} has no attribute ${JSON.stringify(name.slice(0, 100))}`, { device })
    return { device: key, do: { write: `${folderOf(uuid)}/${name}`, value } }
  })
  return [made, ...set]
}

/** The kernel knows no such file: its type has no attribute of that name. */
function withoutAttribute(error: unknown, { name }: ManagedDevice): VirtError | undefined {
  if (!VirtError.is(error, 'device-missing') || !error.details.path?.startsWith('/sys/bus/mdev/')) return undefined
  const attribute = error.details.path.split('/').at(-1)
  return new VirtError('internal', `${name} has no attribute ${attribute}; leave it out`, {
    ...error.details,
    cause: error,
  })
}
