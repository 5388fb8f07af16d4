export { type ErrorCode, type ErrorDetails, VirtError } from './errors.js'
export { type ConvertOptions, convert, hostdevFormats } from './formats/convert.js'
export { toQemu } from './formats/qemu/hostdev.js'
export type { QemuHostdev, QemuOptions } from './formats/qemu/options.js'
export { formatProps, parseProps, type QemuProps, type QemuSyntax } from './formats/qemu/props.js'
export { fromQemu, type QemuGiven } from './formats/qemu/read.js'
export { formatUsbHostName, parseUsbHostName } from './formats/usb-host-name.js'
export { halCandidates } from './model/hal-names.js'
export { type GuestAddress, guestAddress } from './model/hostdev/guest-address.js'
export { type HostdevDef, type HostdevKind, type HostdevOf, hostdev } from './model/hostdev.js'
export { formatHostdev, type HostdevDialectName, hostdevDialects, parseHostdev } from './model/hostdev-dialects.js'
export type { VirtualPort } from './model/interface/virtual-port.js'
export { guestInterface, type InterfaceDef } from './model/interface.js'
export { hostdevOfInterface } from './model/interface-hostdev.js'
export type { CcwDevice, CcwGroup, CssDevice } from './model/kinds/channel.js'
export type { ApCard, ApMatrix, ApQueue } from './model/kinds/crypto.js'
export type { MdevDevice, MdevParent, MdevType } from './model/kinds/mdev.js'
export type { NetDevice } from './model/kinds/net.js'
export type { Identified, PciDevice } from './model/kinds/pci.js'
export type { ScsiDevice, ScsiGeneric, ScsiHost, ScsiTarget } from './model/kinds/scsi.js'
export type { StorageDevice } from './model/kinds/storage.js'
export type { DrmDevice, System, VdpaDevice } from './model/kinds/system.js'
export type { UsbDevice, UsbInterface } from './model/kinds/usb.js'
export type { Vpd } from './model/kinds/vpd.js'
export { checkNewNodeDevice, parseNewNodeDevice } from './model/new-node-device.js'
export {
  type Capability,
  type CapabilityKind,
  type CapabilityOf,
  capability,
  capabilityOf,
  inactiveDef,
  type NodeDeviceDef,
  nodeDevice,
} from './model/node-device.js'
export {
  formatNodeDevice,
  type NodeDeviceDialectName,
  nodeDeviceDialects,
  parseNodeDevice,
} from './model/node-device-dialects.js'
export {
  type CapabilityWord,
  capabilityFlags,
  eventIds,
  type FlaggedFilter,
  lifecycleEvents,
  listFlags,
  stateFlags,
  updateFlags,
  xmlInactiveFlag,
  xmlValidateFlag,
} from './model/node-device-flags.js'
export { formatPciAddress, type PciAddress, parsePciAddress } from './model/pci-address.js'
export { type UsbControllerDef, usbController } from './model/usb-controller.js'
export type { Codec, Finding, Infer, JsonSchema, Reading, Writing } from './xml/codec.js'
export type { Document, ReadOptions, WriteOptions } from './xml/document.js'
export { type RawXml, type XmlAttributes, XmlElement } from './xml/element.js'
export type { Rows, TableOptions } from './xml/layout.js'
export { parseXml, type XmlLimits } from './xml/parse.js'
export type { Condition, Place } from './xml/place.js'
export type { AnyRow, Row } from './xml/row.js'
export type { XmlSink } from './xml/sink.js'
export type { Shape, Table } from './xml/table.js'
export type { Arms, Other, Union, Variants } from './xml/variants.js'
