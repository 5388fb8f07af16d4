import { Denied, type HostFiles } from '../os/host-files.js'
import { decodeText } from './text.js'

/** What udev keeps of a device beside what the kernel says. */
export interface UdevRecord {
  readonly properties: ReadonlyMap<string, string>
  /** Symbolic links to the device node, in libudev's order: sorted. */
  readonly links: readonly string[]
}

/**
 * udev's record of a device, from the files that systemd-udevd writes (sd-device.c, `device_update_db`).
 *
 * @param id `b8:0` and `c189:0` for device nodes, `n2` for network interfaces by index, `+pci:0000:00:02.0` for others
 */
export function readUdevRecord(files: HostFiles, id: string): UdevRecord | undefined {
  const bytes = files.bytes(`/run/udev/data/${id}`, 65_536)
  if (bytes instanceof Denied) return undefined
  const properties = new Map<string, string>()
  const links: string[] = []
  for (const line of decodeText(bytes).split('\n')) {
    if (line.startsWith('S:')) links.push(`/dev/${line.slice(2)}`)
    else if (line.startsWith('E:')) addProperty(properties, line.slice(2))
  }
  return { properties, links: links.sort() }
}

/** Adds `KEY=value`, as the kernel's uevent files and udev's records have it. */
export function addProperty(properties: Map<string, string>, line: string): void {
  const equals = line.indexOf('=')
  if (equals > 0) properties.set(line.slice(0, equals), line.slice(equals + 1))
}
