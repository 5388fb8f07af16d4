import type { Backend, DefOptions, DeviceFilter } from '../backend.js'
import type { NodeDeviceDef } from '../model/node-device.js'
import { type DeviceSelector, selectOne, selectorMembers } from '../model/selector.js'

/** Full defs in bulk, as they are read; what vanishes meanwhile is left out. */
export async function* defsOf(
  { devices }: Backend,
  filter: DeviceFilter,
  options: DefOptions,
): AsyncGenerator<NodeDeviceDef, void, undefined> {
  if (devices.defs) {
    yield* devices.defs(filter, options)
    return
  }
  for (const name of await devices.list(filter, options)) {
    const def = await devices.lookup(name, options)
    if (def) yield def
  }
}

/**
 * The one device of a host that a selector means.
 *
 * @throws VirtError `no-node-device` for none, `ambiguous` with the candidates for several
 */
export async function resolveSelector(
  backend: Backend,
  selector: DeviceSelector,
  options: DefOptions,
): Promise<NodeDeviceDef> {
  // a selector that cannot be is refused before the host is read
  selectorMembers(selector)
  const defs: NodeDeviceDef[] = []
  for await (const def of defsOf(backend, {}, options)) defs.push(def)
  return selectOne(defs, selector)
}
