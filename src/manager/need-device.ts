import type { CallOptions } from '../backend.js'
import { VirtError } from '../errors.js'
import type { LinuxHost } from '../host/linux-host.js'
import type { NodeDeviceDef } from '../model/node-device.js'

/** The device of that name, as it is now. @throws VirtError `no-node-device` (libvirt's 53) */
export async function needDevice(host: LinuxHost, name: string, { signal }: CallOptions): Promise<NodeDeviceDef> {
  const found = await host.lookup(name, signal ? { signal } : {})
  if (found) return found
  throw new VirtError('no-node-device', `${name} is not on this host`, { device: name })
}
