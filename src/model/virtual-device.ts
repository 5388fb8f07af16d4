import { VirtError } from '../errors.js'
import type { MdevDevice } from './kinds/mdev.js'
import { capabilityOf, type NodeDeviceDef } from './node-device.js'

/** What a call must know of a device beside its def. */
interface State {
  readonly active: boolean
  readonly persistent: boolean
}

const unsupportedKind = (name: string, what: string): VirtError =>
  new VirtError('config-unsupported', `${name} cannot be ${what}; only mediated devices and virtual HBAs can`, {
    device: name,
  })

/**
 * What is to be made: a mediated device, or else a virtual HBA (`nodeDeviceCreateXML`).
 *
 * @throws VirtError `config-unsupported` (libvirt's 67) for anything else
 */
export function creatable(def: NodeDeviceDef): MdevDevice | 'vport' {
  const mdev = capabilityOf(def, 'mdev')
  if (mdev) return mdev
  if (capabilityOf(def, 'scsi_host')) return 'vport'
  throw unsupportedKind(def.name, 'made')
}

/**
 * What is to be taken away again (`nodeDeviceDestroy`).
 *
 * @throws VirtError `operation-invalid` (libvirt's 55) for what is not there now, then `config-unsupported`
 * (67) for what is not virtual
 */
export function destroyable(def: NodeDeviceDef, { active }: State): MdevDevice | 'vport' {
  const { name, parent } = def
  if (!active) throw new VirtError('operation-invalid', `${name} is not active; start it first`, { device: name })
  const mdev = capabilityOf(def, 'mdev')
  if (mdev) return mdev
  if (capabilityOf(def, 'scsi_host')?.fcHost && parent?.startsWith('scsi_host')) return 'vport'
  throw unsupportedKind(name, 'destroyed')
}

/**
 * What can have a definition: mediated devices alone (`nodeDeviceDefineXML`).
 *
 * @throws VirtError `config-unsupported` (libvirt's 67)
 */
export function definable(def: NodeDeviceDef): MdevDevice {
  const { name } = def
  const mdev = capabilityOf(def, 'mdev')
  if (mdev) return mdev
  throw new VirtError('config-unsupported', `${name} is no mediated device and can have no definition`, {
    device: name,
  })
}

/**
 * Lets through what has a definition (`VIR_NODE_DEVICE_XML_INACTIVE`).
 *
 * @throws VirtError `operation-invalid` (libvirt's 55)
 */
export function needDefinition(name: string, { persistent }: Pick<State, 'persistent'>): void {
  if (!persistent)
    throw new VirtError('operation-invalid', `${name} is transient and has no definition`, { device: name })
}

/**
 * What has a definition to forget (`nodeDeviceUndefine`).
 *
 * @throws VirtError `operation-invalid` (libvirt's 55) for a device without one, then as {@link definable}
 */
export function undefinable(def: NodeDeviceDef, { persistent }: State): MdevDevice {
  needDefinition(def.name, { persistent })
  return definable(def)
}

/**
 * What can be started (`nodeDeviceCreate`).
 *
 * @throws VirtError `operation-invalid` (libvirt's 55) for what is there already, then as {@link definable}
 */
export function startable(def: NodeDeviceDef, { active }: State): MdevDevice {
  const { name } = def
  if (active) throw new VirtError('operation-invalid', `${name} is active already`, { device: name })
  return definable(def)
}

/**
 * What can be started with the host (`nodeDeviceSetAutostart`).
 *
 * @throws VirtError `operation-unsupported` (libvirt's 84) for another kind of device, then `operation-invalid` (55)
 * for one without a definition
 */
export function autostartable(def: NodeDeviceDef, { persistent }: State): MdevDevice {
  const { name } = def
  const mdev = capabilityOf(def, 'mdev')
  if (!mdev)
    throw new VirtError('operation-unsupported', `${name} is no mediated device and has no autostart`, { device: name })
  if (persistent) return mdev
  throw new VirtError('operation-invalid', `${name} is transient; define it first`, { device: name })
}

/**
 * Which of a device's two definitions an update changes: those asked for, or else the one in force
 * (`virNodeDeviceObjUpdateModificationImpact`, libvirt 10.1).
 *
 * @throws VirtError `operation-invalid` (libvirt's 55) for one that it has not, then `config-unsupported` (67) for a
 * device that is not mediated, or a change of its UUID, its type or its parent
 */
export function updatable(
  def: NodeDeviceDef,
  { active, persistent }: State,
  update: NodeDeviceDef,
  asked: { live?: boolean; config?: boolean },
): { mdev: MdevDevice; live: boolean; config: boolean } {
  const { name } = def
  const isAsked = asked.live === true || asked.config === true
  const { live = false, config = false } = isAsked ? asked : { live: active, config: !active }
  if (live && !active) throw new VirtError('operation-invalid', `${name} is not active`, { device: name })
  if (config && !persistent)
    throw new VirtError('operation-invalid', `${name} is transient and has no definition to change`, { device: name })
  const [before, after] = [definable(def), definable(update)]
  const same = (a: string | undefined, b: string | undefined) => b === undefined || a === b
  if (before.type !== after.type || !same(before.uuid, after.uuid) || !same(def.parent, update.parent))
    throw new VirtError('config-unsupported', `${name} keeps its UUID, its type and its parent; destroy it instead`, {
      device: name,
    })
  return { mdev: after, live, config }
}
