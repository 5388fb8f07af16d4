import type { Backend, DefOptions, DeviceFilter } from '../backend.js'
import { checkDeviceName } from '../model/device-name.js'
import type { NodeDeviceDef } from '../model/node-device.js'
import { type DeviceSelector, kindsMeant, matchesSelector, selectOne, selectorMembers } from '../model/selector.js'
import { notFound } from './not-found.js'

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
  const defs: NodeDeviceDef[] = []
  for await (const def of defsMeant(backend, selector, options)) defs.push(def)
  const [only, ...others] = defs
  if (only && others.length === 0) return only
  if (selector.name !== undefined && selectorMembers(selector).length === 1)
    throw notFound('no-node-device', selector.name, await backend.devices.list({}, options))
  return selectOne(defs, selector)
}

/** The devices of a host that a selector means; of the others as few are read as can be. */
export async function* defsMeant(
  backend: Backend,
  selector: DeviceSelector,
  options: DefOptions,
): AsyncGenerator<NodeDeviceDef, void, undefined> {
  // a selector that cannot be is refused before the host is read
  const kinds = kindsMeant(selector)
  if (selector.name !== undefined) {
    checkDeviceName(selector.name)
    const def = await backend.devices.lookup(selector.name, options)
    if (def && matchesSelector(def, selector)) yield def
    return
  }
  let found = false
  for await (const def of defsOf(backend, kinds ? { capability: kinds } : {}, options))
    if (matchesSelector(def, selector)) {
      found = true
      yield def
    }
  if (found || selector.port === undefined) return
  // what is at the other port of the same socket is plugged in where it was meant to be
  const port = await backend.devices.companionPort?.(selector.port, options)
  if (port === undefined) return
  for await (const def of defsOf(backend, { capability: 'usb_device' }, options))
    if (matchesSelector(def, { ...selector, port })) yield def
}
