import type { Backend, CallOptions } from '../backend.js'
import type { HostdevDef } from '../model/hostdev.js'
import { isHostDevice } from '../model/hostdev-match.js'
import type { NodeDeviceDef } from '../model/node-device.js'
import { toHostdev } from '../model/to-hostdev.js'
import { relativesOf } from './relatives.js'

/**
 * How guests are given a device, and which device of the host that takes: itself, or the hardware that it is part of.
 */
export async function proposed(
  backend: Backend,
  def: NodeDeviceDef,
  options: CallOptions,
): Promise<{ hostdev: HostdevDef; device: NodeDeviceDef }> {
  const relatives = await relativesOf(def, backend.devices, options)
  const { hostdev } = toHostdev(def, relatives, backend.domains?.proposal ?? {})
  return { hostdev, device: [def, ...relatives].find((each) => isHostDevice(each, hostdev)) ?? def }
}
