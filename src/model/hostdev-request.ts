import { VirtError } from '../errors.js'
import type { HostdevDef } from './hostdev.js'
import { hostdevTree, readHostdev } from './hostdev-dialects.js'
import { guestInterface } from './interface.js'
import type { HostdevInterface } from './vf-config.js'

/**
 * Reads what a guest is to be given: a hostdev in any dialect, or libvirt's `<interface type='hostdev'>`.
 *
 * @throws VirtError `xml-syntax`, `xml-invalid`, `limit-exceeded`, `config-unsupported` for an
 * interface of another type
 */
export function parseHostdevRequest(source: string | Uint8Array): HostdevDef | HostdevInterface {
  const element = hostdevTree(source)
  if (element.name !== guestInterface.root) return readHostdev(element)
  const def = guestInterface.read(element)
  if (def.kind === 'hostdev') return def
  const type = element.attributes.type ?? 'of no type'
  throw new VirtError('config-unsupported', `an interface ${type} is no host device; only type='hostdev' is one`)
}
