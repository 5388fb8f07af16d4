import type { CallOptions, DeviceDriver } from '../backend.js'
import { capabilityOf, type NodeDeviceDef } from '../model/node-device.js'

/** What says how a device is given to a guest: the devices above it, and for a USB device all others. */
export async function relativesOf(
  def: NodeDeviceDef,
  devices: DeviceDriver,
  options: CallOptions,
): Promise<NodeDeviceDef[]> {
  const above: NodeDeviceDef[] = []
  const seen = new Set([def.name])
  for (let { parent } = def; parent !== undefined && !seen.has(parent); ) {
    seen.add(parent)
    const next = await devices.lookup(parent, options)
    if (next) above.push(next)
    parent = next?.parent
  }
  if (![def, ...above].some((each) => capabilityOf(each, 'usb_device'))) return above
  const names = await devices.list({ capability: 'usb_device' }, options)
  const others = await Promise.all(names.filter((name) => !seen.has(name)).map((name) => devices.lookup(name, options)))
  return [...above, ...others.filter((other) => other !== undefined)]
}
