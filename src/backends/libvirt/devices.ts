import type {
  CallOptions,
  DefOptions,
  DetachOptions,
  DeviceDriver,
  DeviceFilter,
  UpdateOptions,
  Warning,
} from '../../backend.js'
import { VirtError } from '../../errors.js'
import { type NodeDeviceDef, nodeDevice } from '../../model/node-device.js'
import { updateFlags, xmlInactiveFlag } from '../../model/node-device-flags.js'
import { listDeviceNames, stateOfDevice } from './device-names.js'
import type { Session } from './session.js'
import { versionNumber } from './session.js'
import { watchDevices } from './watch-devices.js'

/** How many descriptions are asked for before the first is read: twice what libvirtd works on at a time. */
const readAhead = 10

/** The first libvirt that tells the persistent definition from the device that is there. */
const inactiveSince = '10.1.0'

/** The node devices of a libvirtd. Every call is its own; nothing is kept. */
export function deviceDriver(session: Session): DeviceDriver {
  const warnings: Warning[] = []
  const list = (filter: DeviceFilter, options: CallOptions) => listDeviceNames(session, filter, options)
  const lookup = (name: string, options: DefOptions) => lookupDevice(session, name, options)

  async function* defs(filter: DeviceFilter, options: DefOptions): AsyncGenerator<NodeDeviceDef, void, undefined> {
    for await (const found of inTurn(await list(filter, options), (name) => lookup(name, options))) {
      if ('def' in found && found.def) yield found.def
      if ('error' in found) warnings.push(unreadable(found.name, found.error))
    }
  }

  return {
    list,
    lookup,
    defs,
    warnings: () => warnings,
    state: (name, options) => stateOfDevice(session, name, options),
    async lookupByKey(key, options) {
      for await (const { name, path } of defs({}, options)) if (path === key) return name
      return undefined
    },
    async create(def, options) {
      const args = { xmlDesc: nodeDevice.format(def), flags: 0 }
      return (await session.call('nodeDeviceCreateXml', args, options)).dev.name
    },
    async define(def, options) {
      const args = { xmlDesc: nodeDevice.format(def), flags: 0 }
      return (await session.call('nodeDeviceDefineXml', args, options)).dev.name
    },
    async destroy(name, options) {
      await session.call('nodeDeviceDestroy', { name }, options, { device: name })
    },
    async undefine(name, options) {
      await session.call('nodeDeviceUndefine', { name, flags: 0 }, options, { device: name })
    },
    async start(name, options) {
      await session.call('nodeDeviceCreate', { name, flags: 0 }, options, { device: name })
    },
    async setAutostart(name, autostart, options) {
      await session.call('nodeDeviceSetAutostart', { name, autostart }, options, { device: name })
    },
    async update(name, def, options) {
      const args = { name, xmlDesc: nodeDevice.format(def), flags: flagsOf(options) }
      await session.call('nodeDeviceUpdate', args, options, { device: name })
    },
    async detach(name, options) {
      refuse(name, options)
      const args = { name, driverName: options.driver, flags: 0 }
      await session.call('nodeDeviceDetachFlags', args, options, { device: name })
      return []
    },
    async reattach(name, options) {
      refuse(name, options)
      await session.call('nodeDeviceReAttach', { name }, options, { device: name })
      return []
    },
    async reset(name, options) {
      refuse(name, options)
      await session.call('nodeDeviceReset', { name }, options, { device: name })
      return []
    },
    watch: (options) => watchDevices(session, options),
  }
}

/** libvirt takes one device at a time, and does not say beforehand what it would do. */
function refuse(name: string, options: DetachOptions): void {
  for (const option of ['dryRun', 'wholeGroup', 'network'] as const)
    if (options[option])
      throw new VirtError('argument-unsupported', `${name}: a libvirtd does not know ${option}; ask linux:/// there`, {
        device: name,
      })
}

const flagsOf = ({ live = false, config = false }: UpdateOptions): number =>
  (live ? updateFlags.live : 0) + (config ? updateFlags.config : 0)

/** One device as libvirtd describes it, which is libvirt's word in any case; `undefined` when it is not there. */
export async function lookupDevice(
  session: Session,
  name: string,
  { inactive = false, ...options }: DefOptions,
): Promise<NodeDeviceDef | undefined> {
  if (inactive && session.libVersion < versionNumber(inactiveSince))
    throw new VirtError(
      'unsupported',
      `${name}: this libvirtd does not tell its definition apart; that takes ${inactiveSince}`,
      { device: name, backend: 'libvirt' },
    )
  try {
    const args = { name, flags: inactive ? xmlInactiveFlag : 0 }
    const { xml } = await session.call('nodeDeviceGetXmlDesc', args, options, { device: name })
    return nodeDevice.parse(xml)
  } catch (error) {
    if (VirtError.is(error, 'no-node-device')) return undefined
    throw error
  }
}

/** What came of reading one of many. */
type Read<T> = { readonly name: string } & ({ readonly def: T } | { readonly error: VirtError })

/**
 * Reads many by name, some ahead of the one that is answered, in their order. That one cannot be read is an answer; a
 * failure that is not about one of them ends it.
 */
async function* inTurn<T>(names: readonly string[], read: (name: string) => Promise<T>): AsyncGenerator<Read<T>> {
  const start = async (name: string): Promise<Read<T>> => {
    try {
      return { name, def: await read(name) }
    } catch (error) {
      if (!VirtError.is(error) || VirtError.is(error, 'no-connection', 'timeout')) throw error
      return { name, error }
    }
  }
  const ahead: Promise<Read<T>>[] = []
  for (const name of names) {
    const reading = start(name)
    // It is heard when its turn comes, if it still does.
    reading.catch(() => {})
    ahead.push(reading)
    if (ahead.length === readAhead) yield await (ahead.shift() as Promise<Read<T>>)
  }
  for (const reading of ahead) yield await reading
}

const unreadable = (name: string, error: VirtError): Warning => ({ path: name, problem: error.message })
