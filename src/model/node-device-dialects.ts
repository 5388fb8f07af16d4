import type { ReadOptions, WriteOptions } from '../xml/document.js'
import { documentOf } from '../xml/document.js'
import { parseXml } from '../xml/parse.js'
import { device2008, speaks2008 } from './dialects/device-2008.js'
import { type NodeDeviceDef, nodeDevice } from './node-device.js'

const dialects = {
  'proposal-2008': documentOf('device', { ...nodeDevice.codec, ...device2008 }),
  libvirt: nodeDevice,
} as const

/**
 * How a node device is written: as libvirt does, or as proposed on libvir-list in April 2008, with `<key>`, `<bus>` and
 * HAL's names.
 */
export type NodeDeviceDialectName = keyof typeof dialects

/** The names of all dialects. */
export const nodeDeviceDialects = Object.keys(dialects) as NodeDeviceDialectName[]

/**
 * Reads a node device in any dialect, which it finds out by itself.
 *
 * @throws VirtError `xml-syntax`, `xml-invalid`, `limit-exceeded`
 */
export function parseNodeDevice(source: string | Uint8Array, options: ReadOptions = {}): NodeDeviceDef {
  const element = parseXml(source, options.limits)
  return dialects[speaks2008(element) ? 'proposal-2008' : 'libvirt'].read(element, options)
}

/** A node device as text. @throws VirtError `config-unsupported`, which names what the dialect cannot say */
export function formatNodeDevice(
  def: NodeDeviceDef,
  { dialect = 'libvirt', ...options }: WriteOptions & { dialect?: NodeDeviceDialectName } = {},
): string {
  return dialects[dialect].format(def, options)
}
