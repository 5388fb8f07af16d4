import { type HostdevDef, hostdev } from '../model/hostdev.js'
import { describeHostdev, sameHostDevice } from '../model/hostdev-match.js'
import { guestInterface, type InterfaceDef } from '../model/interface.js'
import { type NodeDeviceDef, nodeDevice } from '../model/node-device.js'
import type { Document } from '../xml/document.js'

/** A device of the host as a guest has it: as a host device, or as a network interface. */
export type GuestDeviceDef = HostdevDef | InterfaceDef

/** Whatever has an XML element of its own. */
export type AnyDef = NodeDeviceDef | GuestDeviceDef

/** Whether a device of a guest is an `<interface>` there. */
export function isInterface(def: GuestDeviceDef): def is InterfaceDef {
  return def.kind === 'other' ? def.xml.name === guestInterface.root : ['hostdev', 'vdpa'].includes(def.kind)
}

/** The kind of document that a def is written as. */
export function documentFor(def: AnyDef): Document<AnyDef> {
  const document = 'capabilities' in def ? nodeDevice : isInterface(def) ? guestInterface : hostdev
  return document as Document<AnyDef>
}

/** The host device that an interface is. */
function asHostdev(def: GuestDeviceDef): HostdevDef {
  if (def.kind === 'vdpa') return { kind: 'misc', source: { char: def.source.dev } }
  if (def.kind !== 'hostdev') return def
  const { source } = def
  if (source.kind === 'other') return source
  return source.kind === 'pci' ? { kind: 'pci', source } : { kind: 'usb', source }
}

/** Whether two defs mean the same device of the host, given to the guest in the same way. */
export function sameGuestDevice(a: GuestDeviceDef, b: GuestDeviceDef): boolean {
  if (isInterface(a) !== isInterface(b)) return false
  const [one, other] = [asHostdev(a), asHostdev(b)]
  return one.kind === 'other' ? JSON.stringify(one) === JSON.stringify(other) : sameHostDevice(one, other)
}

/** What a def means, in words for messages. */
export const describeGuestDevice = (def: GuestDeviceDef): string => describeHostdev(asHostdev(def))

export const aliasOf = (def: GuestDeviceDef): string | undefined => ('alias' in def ? def.alias : undefined)
