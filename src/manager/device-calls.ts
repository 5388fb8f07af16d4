import type { CallOptions, DeviceDriver } from '../backend.js'
import { VirtError } from '../errors.js'
import type { LinuxHost } from '../host/linux-host.js'
import type { Assignability } from '../model/finding.js'
import type { NodeDeviceDef } from '../model/node-device.js'
import { detach } from './detach.js'
import type { ManagedHost } from './managed-host.js'
import { needDevice } from './need-device.js'
import { assignability } from './preflight/assignability.js'
import { takeInventory } from './preflight/inventory.js'
import { reattach } from './reattach.js'
import { recover } from './recover.js'
import { reset } from './reset.js'
import { type VirtualDeviceCalls, virtualDeviceCalls } from './virtual/calls.js'

/** The calls by which devices of a Linux host are made, given away and taken back. */
export function changeCalls(
  host: LinuxHost,
  managed: ManagedHost,
): VirtualDeviceCalls & Pick<Required<DeviceDriver>, 'detach' | 'reattach' | 'reset' | 'recover'> {
  const def = async (name: string, options: CallOptions) => await needDevice(host, name, options)
  return {
    ...virtualDeviceCalls(host, managed),
    detach: async (name, options) => await detach(managed, await def(name, options), options),
    reattach: async (name, options) => await reattach(managed, await def(name, options), options),
    reset: async (name, options) => await reset(managed, await def(name, options), options),
    recover: async () => await recover(managed),
  }
}

/** From how many devices on all are read in one go rather than one by one. */
const bulk = 20

/** Whether devices of a Linux host can be given away; of a copy of one, too. */
export function assignabilityCall(
  host: LinuxHost,
  managed: Pick<ManagedHost, 'files' | 'state' | 'guests'>,
): Required<DeviceDriver>['assignability'] {
  return async (names, options) => {
    const inventory = await takeInventory(managed, options)
    const answers = new Map<string, Assignability>()
    for await (const def of defsOf(host, names, options))
      try {
        answers.set(def.name, await assignability(inventory, def))
      } catch (error) {
        // it was unplugged a moment ago
        if (!VirtError.is(error, 'device-missing')) throw error
      }
    return answers
  }
}

async function* defsOf(
  host: LinuxHost,
  names: readonly string[],
  { signal }: CallOptions,
): AsyncGenerator<NodeDeviceDef> {
  const options = signal ? { signal } : {}
  if (names.length < bulk) {
    for (const name of names) {
      const def = await host.lookup(name, options)
      if (def) yield def
    }
    return
  }
  const wanted = new Set(names)
  for await (const def of host.defs({}, options)) if (wanted.has(def.name)) yield def
}
