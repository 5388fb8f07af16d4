import type { UpdateOptions } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { checkedUuid } from '../../formats/mdevctl.js'
import type { MdevDevice } from '../../model/kinds/mdev.js'
import { mdevName, mdevTypesOf, needMdevParent, needMdevType } from '../../model/mdev-parent.js'
import type { NodeDeviceDef } from '../../model/node-device.js'
import {
  autostartable,
  creatable,
  definable,
  destroyable,
  startable,
  undefinable,
  updatable,
} from '../../model/virtual-device.js'
import type { MockDevice, MockHost } from './host.js'
import { createVport, deleteVport } from './vport.js'

/**
 * The only devices that can be made: mediated ones, and virtual Fibre Channel ports. Others are
 * error 67, as in libvirt.
 */
export function create(host: MockHost, def: NodeDeviceDef): string {
  const mdev = creatable(def)
  if (mdev === 'vport') return createVport(host, def)
  const made = described(host, def, mdev)
  const { name } = made
  const known = host.devices.get(name)
  if (known?.active) throw new VirtError('internal', `${name} is there already; take another UUID`, { device: name })
  needMdevType(host.device(def.parent ?? '').def, mdev)
  activate(host, known ?? host.add(made, { active: false }), made)
  return name
}

/** Takes a created device away again. */
export function destroy(host: MockHost, name: string): void {
  const device = host.device(name)
  const { def } = device
  const mdev = destroyable(def, device)
  if (mdev === 'vport') {
    deleteVport(host, device)
    return
  }
  const holder = host.holderOf((each) => each.kind === 'mdev' && each.source.uuid === mdev.uuid)
  if (holder)
    throw new VirtError('internal', `${name} is in use by the guest ${holder.name}; detach it there first`, {
      device: name,
      domain: holder.name,
    })
  const type = mdevTypesOf(host.device(def.parent ?? '').def).find(({ id }) => id === mdev.type)
  if (type) type.availableInstances++
  device.active = false
  if (device.definition) device.def = structuredClone(device.definition)
  else host.devices.delete(name)
  host.tell({ kind: 'deleted', device: name }, def)
}

/** Defines a mediated device without starting it, or changes its definition. */
export function define(host: MockHost, def: NodeDeviceDef): string {
  const definition = described(host, def, definable(def))
  const device = host.devices.get(definition.name) ?? host.add(definition, { active: false })
  device.persistent = true
  device.definition = definition
  if (!device.active) device.def = structuredClone(definition)
  host.tell({ kind: 'defined', device: definition.name })
  return definition.name
}

/** Forgets a definition; a device that is active stays, and is transient then. */
export function undefine(host: MockHost, name: string): void {
  const device = host.device(name)
  undefinable(device.def, device)
  device.persistent = device.autostart = false
  device.definition = undefined
  if (!device.active) host.devices.delete(name)
  host.tell({ kind: 'undefined', device: name })
}

/** Starts a defined device. */
export function start(host: MockHost, name: string): void {
  const device = host.device(name)
  startable(device.def, device)
  activate(host, device, device.definition ?? device.def)
}

/** Has a defined device started with the host. */
export function setAutostart(host: MockHost, name: string, autostart: boolean): void {
  const device = host.device(name)
  autostartable(device.def, device)
  device.autostart = autostart
}

/** Changes the attributes of a mediated device, as it is there, as it is defined, or both. */
export function update(host: MockHost, name: string, def: NodeDeviceDef, options: UpdateOptions): void {
  const device = host.device(name)
  const { mdev, live, config } = updatable(device.def, device, def, options)
  const changed = (before: NodeDeviceDef): NodeDeviceDef => ({
    ...before,
    capabilities: before.capabilities.map((each) => {
      if (each.kind !== 'mdev') return each
      const { attributes: _, ...rest } = each
      return { ...rest, ...(mdev.attributes && { attributes: structuredClone(mdev.attributes) }) }
    }),
  })
  if (config) device.definition = changed(device.definition ?? device.def)
  if (live || !device.active) device.def = changed(device.def)
  host.tell({ kind: 'updated', device: name })
}

/** A mediated device as it is defined: with its name and its UUID. */
function described(host: MockHost, def: NodeDeviceDef, mdev: MdevDevice): NodeDeviceDef {
  const { address } = needMdevParent(def, host.devices.get(def.parent ?? '')?.def)
  const uuid = checkedUuid(def, mdev.uuid ?? globalThis.crypto.randomUUID())
  const { iommuGroup: _, ...rest } = structuredClone(mdev)
  return {
    name: mdevName(uuid, address),
    ...(def.parent !== undefined && { parent: def.parent }),
    capabilities: [{ kind: 'mdev', ...rest, uuid, parentAddress: address }],
  }
}

/** Has a mediated device be there: takes one of the instances that its parent has left. */
function activate(host: MockHost, device: MockDevice, definition: NodeDeviceDef): void {
  const { def: parent } = host.device(definition.parent ?? '')
  const mdev = definable(definition)
  needMdevType(parent, mdev).availableInstances--
  const path = parent.path === undefined ? {} : { path: `${parent.path}/${mdev.uuid}` }
  device.def = { ...structuredClone(definition), ...path, driver: 'vfio_mdev' }
  device.active = true
  host.tell({ kind: 'created', device: definition.name })
}
