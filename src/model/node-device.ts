import type { Infer } from '../xml/codec.js'
import { unread, unwritten } from '../xml/compat.js'
import { documentOf } from '../xml/document.js'
import type { XmlElement } from '../xml/element.js'
import { rest } from '../xml/raw.js'
import { checked, ruled } from '../xml/refine.js'
import { attr, content, leaf, many, one, opt, repeated, some, spared } from '../xml/row.js'
import { just, table } from '../xml/table.js'
import { admitting, name, str } from '../xml/text.js'
import { variants } from '../xml/variants.js'
import { ccwDevice, ccwGroup, cssDevice } from './kinds/channel.js'
import { apCard, apMatrix, apQueue } from './kinds/crypto.js'
import { inputDevice } from './kinds/input.js'
import { mdevDevice, mdevParent } from './kinds/mdev.js'
import { netDevice } from './kinds/net.js'
import { pciDevice } from './kinds/pci.js'
import { scsiDevice, scsiGeneric, scsiHost, scsiTarget } from './kinds/scsi.js'
import { soundCard } from './kinds/sound.js'
import { storageDevice } from './kinds/storage.js'
import { drmDevice, system, vdpaDevice } from './kinds/system.js'
import { usbDevice, usbInterface } from './kinds/usb.js'
import { wwn } from './schema-spelling.js'

/** Every kind of device, by libvirt's word for it (`virNodeDevCapType`); the last two are our own. */
export const capability = variants(
  'type',
  {
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
    sound: soundCard,
    input: inputDevice,
  },
  { unread: ['scsi_generic', 'mdev_types', 'vdpa'], ours: ['sound', 'input'] },
)

/** What a device is: one of the kinds, told apart by `kind`. */
export type Capability = Infer<typeof capability>

/** libvirt's word for a kind of device. */
export type CapabilityKind = Capability['kind']

/** The capability of one kind. */
export type CapabilityOf<K extends CapabilityKind> = Extract<Capability, { kind: K }>

const wideName = admitting(name, wwn)

/** The schema gives a parent by its name or by world wide names. */
function parentIsOfOneKind(element: XmlElement): string | undefined {
  const parent = element.children.find(({ name }) => name === 'parent')
  const { wwnn, wwpn, fabric_wwn: fabric } = parent?.attributes ?? {}
  if (wwnn === undefined && wwpn === undefined && fabric === undefined) return undefined
  const pair = wwnn !== undefined && wwpn !== undefined && fabric === undefined
  const alone = wwnn === undefined && wwpn === undefined
  return (pair || alone) && parent?.text === '' ? undefined : 'has a parent that is given twice, or by half'
}

/** A parent's two world wide names come together. */
export const parentInFull = ({ parentWwnn, parentWwpn }: { parentWwnn?: string; parentWwpn?: string }) =>
  (parentWwnn === undefined) === (parentWwpn === undefined)
    ? undefined
    : "gives one of the parent's wwnn and wwpn; give both"

/** The rows of `<device>`. */
export const deviceRows = {
  /** Unique on its host, and made from the subsystem and the kernel's name: `pci_0000_00_1f_3`. */
  name: leaf('name', str),
  /** Folder in /sys/devices. */
  path: opt(leaf('path', str)),
  /** Device node in /dev. */
  devnode: opt(repeated(one("devnode[@type='dev']", content(str)), 'last')),
  /** Symbolic links to the device node that udev made. */
  devlinks: opt(many("devnode[@type='link']", content(str))),
  parent: opt(leaf('parent', str)),
  /** World wide node name of the parent, when a virtual HBA is to be created. */
  parentWwnn: opt(unwritten(attr('parent/@wwnn', wideName))),
  /** World wide port name of the parent. */
  parentWwpn: opt(unwritten(attr('parent/@wwpn', wideName))),
  /** World wide name of the fabric that the parent must be on. */
  parentFabricWwn: opt(unwritten(attr('parent/@fabric_wwn', wideName))),
  /** The driver bound to it. */
  driver: opt(unread(one('driver', just(leaf('name', str))))),
  /** One, but for documents that say more. */
  capabilities: spared(some('capability', capability)),
  other: rest({ devnode: 'refused' }),
}

const device = checked(ruled(table(deviceRows, { order: 'any' }), parentInFull), parentIsOfOneKind)

/** A device of a host: `virNodeDeviceDef`. Plain JSON. */
export interface NodeDeviceDef extends Infer<typeof device> {}

/** libvirt's `<device>` document. */
export const nodeDevice = documentOf('device', device)

/** A device as it is defined rather than as it is there: without its folder (`VIR_NODE_DEVICE_XML_INACTIVE`). */
export function inactiveDef({ path, ...def }: NodeDeviceDef): NodeDeviceDef {
  return def
}

/** The capability of one kind, if the device has it. */
export function capabilityOf<K extends CapabilityKind>(def: NodeDeviceDef, kind: K): CapabilityOf<K> | undefined {
  return def.capabilities.find((each): each is CapabilityOf<K> => each.kind === kind)
}
