import { Denied, type HostFiles } from '../os/host-files.js'

const devices = '/sys/bus/usb/devices'

/**
 * The other port of the same socket: a socket of USB 3 is one port for SuperSpeed devices and another, on another bus,
 * for all others. The kernel links them (Documentation/ABI/testing/sysfs-bus-usb, `portX/peer`).
 */
export function companionPort(files: HostFiles, port: string): string | undefined {
  const [, bus, above, last] = /^(\d+)-((?:\d+\.)*)(\d+)$/.exec(port) ?? []
  if (bus === undefined) return undefined
  const hub = above ? `${bus}-${above.slice(0, -1)}` : `${bus}-0`
  const folder = above ? `${hub}-port${last}` : `usb${bus}-port${last}`
  const peer = files.link(`${devices}/${hub}:1.0/${folder}/peer`)
  if (peer instanceof Denied) return undefined
  const [, root, itsHub, number] = /(?:^|\/)(?:usb(\d+)|(\d+-[\d.]+))-port(\d+)$/.exec(peer) ?? []
  if (root !== undefined) return `${root}-${number}`
  return itsHub === undefined ? undefined : `${itsHub}.${number}`
}
