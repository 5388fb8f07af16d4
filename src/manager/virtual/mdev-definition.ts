import type { CallOptions } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { checkedUuid, type MdevctlCall, type MdevctlCommand, mdevctlCall } from '../../formats/mdevctl.js'
import { type MdevDefinition, mdevDefinitionFile } from '../../host/mdev-definitions.js'
import { needMdevParent } from '../../model/mdev-parent.js'
import { capabilityOf, type NodeDeviceDef } from '../../model/node-device.js'
import { definable } from '../../model/virtual-device.js'
import type { Action } from '../action.js'
import type { Change, Step } from '../change.js'
import type { ManagedDevice } from '../host-device.js'
import { makeChange } from '../make-change.js'
import type { ManagedHost } from '../managed-host.js'
import { mdevKey } from './mdev.js'
import { refuseUnfinished } from './unfinished.js'

/**
 * Has mdevctl define a mediated device, or define it anew (`nodeDeviceDefineXML`; the latter since libvirt 10.1).
 *
 * @param parent - the device of the name that the def gives
 * @param before - how it is defined now
 * @returns its name
 * @throws VirtError `config-unsupported` for what is not mediated and for a parent that can have none; `unsupported`
 * without mdevctl
 */
export async function defineMdev(
  host: ManagedHost,
  def: NodeDeviceDef,
  parent: NodeDeviceDef | undefined,
  before: (name: string) => MdevDefinition | undefined,
  options: CallOptions,
): Promise<string> {
  const mdev = definable(def)
  const { parent: above, address } = needMdevParent(def, parent)
  const uuid = checkedUuid(def, mdev.uuid ?? crypto.randomUUID())
  const device = mdevKey(uuid, address)
  const described = {
    ...def,
    name: device.name,
    capabilities: [{ ...mdev, kind: 'mdev' as const, uuid, parentAddress: address }],
  }
  await change(host, { verb: 'define', device, recovery: 'undo' }, options, () => {
    const former = before(device.name)
    const autostart = former?.autostart ?? false
    const forget = undefinition(described)
    const define = definition(mdevctlCall('define', described, [above], { autostart }), described)
    return [
      ...(former ? [{ device: device.key, do: forget, undo: restoration(former) }] : []),
      { device: device.key, do: define, undo: forget },
    ]
  })
  return device.name
}

/** Has mdevctl forget a definition; the device stays if it is there (`nodeDeviceUndefine`). */
export async function undefineMdev(host: ManagedHost, before: MdevDefinition, options: CallOptions): Promise<void> {
  const device = keyOf(before)
  await change(host, { verb: 'undefine', device, recovery: 'finish' }, options, () => [
    { device: device.key, do: undefinition(before.def), undo: restoration(before) },
  ])
}

/** Has a defined device started with the host, or not (`nodeDeviceSetAutostart`). */
export async function setMdevAutostart(
  host: ManagedHost,
  before: MdevDefinition,
  autostart: boolean,
  options: CallOptions,
): Promise<void> {
  const device = keyOf(before)
  const set = (on: boolean) => command(on ? 'autostart-on' : 'autostart-off', before.def)
  await change(host, { verb: 'update', device, recovery: 'undo' }, options, () =>
    before.autostart === autostart ? [] : [{ device: device.key, do: set(autostart), undo: set(before.autostart) }],
  )
}

/**
 * Has mdevctl change a device that is there; what its type takes while it runs, mdevctl's callouts know.
 *
 * @throws VirtError `operation-unsupported` (libvirt's 84) for an mdevctl older than 1.3.0
 */
export async function updateLiveMdev(
  host: ManagedHost,
  def: NodeDeviceDef,
  parent: NodeDeviceDef | undefined,
  options: CallOptions,
): Promise<void> {
  const { address, parent: above } = needMdevParent(def, parent)
  const { stdout } = await host.run(['mdevctl', '--version'], options)
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(stdout)?.map(Number) ?? []
  if (major < 1 || (major === 1 && minor < 3))
    throw new VirtError('operation-unsupported', `${def.name}: ${stdout.trim()} cannot change it live; 1.3.0 can`, {
      device: def.name,
    })
  const device = mdevKey(capabilityOf(def, 'mdev')?.uuid ?? '', address)
  const { argv, stdin } = mdevctlCall('modify-live', def, [above])
  await change(host, { verb: 'update', device, recovery: 'undo' }, options, () => [
    { device: device.key, do: { run: argv, ...(stdin !== undefined && { stdin }) } },
  ])
}

async function change(
  host: ManagedHost,
  { device, ...intent }: Pick<Change, 'verb' | 'recovery'> & { device: ManagedDevice },
  options: CallOptions,
  plan: () => Step[],
): Promise<void> {
  await makeChange(host, { ...intent, devices: [device], writable: ['/etc/mdevctl.d'] }, options, async () => {
    refuseUnfinished(host, [device])
    return { ...intent, devices: [device], steps: plan(), records: [] }
  })
}

const keyOf = ({ mdev: { uuid = '', parentAddress = '' } }: MdevDefinition): ManagedDevice =>
  mdevKey(uuid, parentAddress)

const fileOf = (def: NodeDeviceDef): string => mdevDefinitionFile(capabilityOf(def, 'mdev') ?? {})

/** A call that names a device, by its parent too: mdevctl allows one UUID below several. */
function command(what: MdevctlCommand, def: NodeDeviceDef): Action {
  const { argv } = mdevctlCall(what, def, [])
  return { run: [...argv, `--parent=${capabilityOf(def, 'mdev')?.parentAddress}`] }
}

const undefinition = (def: NodeDeviceDef): Action => ({
  ...command('undefine', def),
  goal: { absent: fileOf(def) },
})

const definition = ({ argv, stdin }: MdevctlCall, def: NodeDeviceDef): Action => ({
  run: argv,
  ...(stdin !== undefined && { stdin }),
  goal: { exists: fileOf(def) },
})

/** Defines a device as it was, in mdevctl's own words: whether its parent is there or not. */
function restoration({ def, json, mdev: { uuid, parentAddress } }: MdevDefinition): Action {
  const argv = ['mdevctl', 'define', `--parent=${parentAddress}`, '--jsonfile=/dev/stdin', `--uuid=${uuid}`]
  return definition({ argv, stdin: json }, def)
}
