import type { CallOptions, DeviceDriver } from '../../backend.js'
import type { LinuxHost } from '../../host/linux-host.js'
import type { MdevDefinition } from '../../host/mdev-definitions.js'
import type { NodeDeviceDef } from '../../model/node-device.js'
import { autostartable, creatable, destroyable, startable, undefinable, updatable } from '../../model/virtual-device.js'
import type { ManagedHost } from '../managed-host.js'
import { needDevice } from '../need-device.js'
import { setVirtualFunctions } from './functions.js'
import { createMdev, destroyMdev } from './mdev.js'
import { defineMdev, setMdevAutostart, undefineMdev, updateLiveMdev } from './mdev-definition.js'
import { createVport, destroyVport } from './vport.js'

/** What can be asked of virtual devices. */
export type VirtualDeviceCalls = Pick<
  Required<DeviceDriver>,
  'create' | 'destroy' | 'define' | 'undefine' | 'start' | 'setAutostart' | 'update' | 'setVirtualFunctions'
>

/** The calls by which virtual devices of a Linux host are made, defined and taken away. */
export function virtualDeviceCalls(host: LinuxHost, managed: ManagedHost): VirtualDeviceCalls {
  const parentOf = async ({ parent }: NodeDeviceDef, { signal }: CallOptions) =>
    parent === undefined ? undefined : await host.lookup(parent, signal ? { signal } : {})
  const define = async (def: NodeDeviceDef, options: CallOptions) =>
    await defineMdev(managed, def, await parentOf(def, options), (name) => host.definition(name), options)
  /** Checked before: a device that is persistent has one. */
  const definitionOf = (name: string) => host.definition(name) as MdevDefinition

  return {
    async create(def, options) {
      if (creatable(def) === 'vport') return await createVport(managed, def, options)
      return await createMdev(managed, def, await parentOf(def, options), options)
    },
    async destroy(name, options) {
      const def = await needDevice(host, name, options)
      const mdev = destroyable(def, host.state(name))
      if (mdev === 'vport') await destroyVport(managed, def, options)
      else await destroyMdev(managed, def, mdev, options)
    },
    define,
    async undefine(name, options) {
      undefinable(await needDevice(host, name, options), host.state(name))
      await undefineMdev(managed, definitionOf(name), options)
    },
    async start(name, options) {
      startable(await needDevice(host, name, options), host.state(name))
      const { def } = definitionOf(name)
      await createMdev(managed, def, await parentOf(def, options), options)
    },
    async setAutostart(name, autostart, options) {
      autostartable(await needDevice(host, name, options), host.state(name))
      await setMdevAutostart(managed, definitionOf(name), autostart, options)
    },
    async update(name, def, options) {
      const before = await needDevice(host, name, options)
      const { mdev, live, config } = updatable(before, host.state(name), def, options)
      const own = before.capabilities.find((each) => each.kind === 'mdev')
      const { attributes: _, ...rest } = own ?? { kind: 'mdev' as const, type: mdev.type }
      const attributes = mdev.attributes && { attributes: mdev.attributes }
      const after = { ...before, capabilities: [{ ...rest, ...attributes }] }
      if (live) await updateLiveMdev(managed, after, await parentOf(after, options), options)
      if (config) await define(after, options)
    },
    setVirtualFunctions: async (name, count, options) =>
      await setVirtualFunctions(managed, await needDevice(host, name, options), count, options),
  }
}
