import { type Backend, backend, type DefOptions, type DeviceDriver } from '../backend.js'
import { VirtError } from '../errors.js'
import { matchesFilter } from '../model/device-caps.js'
import { checkDeviceName } from '../model/device-name.js'
import { type NodeDeviceDef, nodeDevice } from '../model/node-device.js'

/** What a mock host is made of. */
export interface MockOptions {
  /** Its devices: defs, or libvirt's XML. */
  devices?: readonly (NodeDeviceDef | string)[]
  /** The URI it answers to; `mock:///` unless told. */
  uri?: string
}

/**
 * A host in memory, for unit tests: no hardware, no root, any platform. What it is given is copied, and what it
 * answers are copies, so that a test cannot change the host behind its back.
 *
 * @throws VirtError for XML that is no device, for two devices of one name, and for names that cannot be
 */
export async function mock({ devices = [], uri = 'mock:///' }: MockOptions = {}): Promise<Backend> {
  const held = new Map<string, NodeDeviceDef>()
  for (const device of devices) {
    const def = typeof device === 'string' ? nodeDevice.parse(device) : structuredClone(device)
    checkDeviceName(def.name)
    if (held.has(def.name))
      throw new VirtError('invalid-argument', `the mock host has two devices named ${def.name}; rename one`)
    held.set(def.name, def)
  }

  const driver: DeviceDriver = {
    async list(filter) {
      return [...held.values()].filter((def) => matchesFilter(def, filter)).map((def) => def.name)
    },
    async lookup(name, options) {
      const def = held.get(name)
      return def && copy(def, options)
    },
    async lookupByKey(key) {
      return [...held.values()].find((def) => def.path === key)?.name
    },
  }
  return backend({
    name: 'mock',
    uri,
    devices: driver,
    async [Symbol.asyncDispose]() {
      held.clear()
    },
  })
}

/** In compat a def is what libvirt's parser keeps of it. */
function copy(def: NodeDeviceDef, { compat = false }: DefOptions): NodeDeviceDef {
  return compat ? nodeDevice.parse(nodeDevice.format(def, { compat }), { compat }) : structuredClone(def)
}
