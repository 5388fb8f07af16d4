import type { Infer } from '../xml/codec.js'
import { documentOf } from '../xml/document.js'
import { attr, content, leaf, many, one, opt } from '../xml/row.js'
import { just, table } from '../xml/table.js'
import { name, str } from '../xml/text.js'
import { variants } from '../xml/variants.js'
import { ccwDevice, ccwGroup, cssDevice } from './kinds/channel.js'
import { apCard, apMatrix, apQueue } from './kinds/crypto.js'
import { mdevDevice, mdevParent } from './kinds/mdev.js'
import { netDevice } from './kinds/net.js'
import { pciDevice } from './kinds/pci.js'
import { scsiDevice, scsiGeneric, scsiHost, scsiTarget } from './kinds/scsi.js'
import { storageDevice } from './kinds/storage.js'
import { drmDevice, system, vdpaDevice } from './kinds/system.js'
import { usbDevice, usbInterface } from './kinds/usb.js'

/** Every kind of device, by libvirt's word for it (`virNodeDevCapType`). */
export const capability = variants('type', {
  system,
  pci: pciDevice,
  usb_device: usbDevice,
  usb: usbInterface,
  net: netDevice,
  scsi_host: scsiHost,
  scsi_target: scsiTarget,
  scsi: scsiDevice,
  storage: storageDevice,
  scsi_generic: scsiGeneric,
  drm: drmDevice,
  mdev_types: mdevParent,
  mdev: mdevDevice,
  ccw: ccwDevice,
  ccwgroup: ccwGroup,
  css: cssDevice,
  vdpa: vdpaDevice,
  ap_card: apCard,
  ap_queue: apQueue,
  ap_matrix: apMatrix,
})

/** What a device is: one of the kinds, told apart by `kind`. */
export type Capability = Infer<typeof capability>

/** libvirt's word for a kind of device. */
export type CapabilityKind = Capability['kind']

/** The capability of one kind. */
export type CapabilityOf<K extends CapabilityKind> = Extract<Capability, { kind: K }>

const device = table({
  /** Unique on its host, and made from the subsystem and the kernel's name: `pci_0000_00_1f_3`. */
  name: leaf('name', str),
  /** Folder in /sys/devices. */
  path: opt(leaf('path', name)),
  /** Device node in /dev. */
  devnode: opt(leaf("devnode[@type='dev']", str)),
  /** Symbolic links to the device node that udev made. */
  devlinks: opt(many("devnode[@type='link']", content(str))),
  parent: opt(leaf('parent', name)),
  /** World wide node name of the parent, when a virtual HBA is to be created. */
  parentWwnn: opt(attr('parent/@wwnn', name)),
  /** World wide port name of the parent. */
  parentWwpn: opt(attr('parent/@wwpn', name)),
  /** World wide name of the fabric that the parent must be on. */
  parentFabricWwn: opt(attr('parent/@fabric_wwn', name)),
  /** The driver bound to it. */
  driver: opt(one('driver', just(leaf('name', str)))),
  /** One, but for documents that say more. */
  capabilities: many('capability', capability),
})

/** A device of a host: `virNodeDeviceDef`. Plain JSON. */
export interface NodeDeviceDef extends Infer<typeof device> {}

/** libvirt's `<device>` document. */
export const nodeDevice = documentOf('device', device)

/** The capability of one kind, if the device has it. */
export function capabilityOf<K extends CapabilityKind>(def: NodeDeviceDef, kind: K): CapabilityOf<K> | undefined {
  return def.capabilities.find((each): each is CapabilityOf<K> => each.kind === kind)
}
