import type { Infer } from '../../xml/codec.js'
import { attr, leaf, many, one, opt } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { decimal, name, str } from '../../xml/text.js'

/** A type of mediated device that a parent offers: `virMediatedDeviceType`. */
export const mdevType = table({
  id: attr('@id', str),
  /** mdev_supported_types/TYPE/name (Documentation/driver-api/vfio-mediated-device.rst). */
  name: opt(leaf('name', str)),
  /** device_api of the type: vfio-pci, vfio-ccw or vfio-ap. */
  deviceApi: leaf('deviceAPI', str),
  /** How many more can be created now. */
  availableInstances: leaf('availableInstances', decimal),
})

/** A type of mediated device that a parent offers. */
export interface MdevType extends Infer<typeof mdevType> {}

/** `<capability type='mdev_types'>` inside the parent's own capability. */
export const mdevTypes = one("capability[@type='mdev_types']", just(many('type', mdevType)))

/** A mediated device: `virNodeDevCapMdev`. */
export const mdevDevice = table({
  type: one('type', just(attr('@id', str))),
  uuid: opt(leaf('uuid', str)),
  /** What mdevctl calls the parent: its PCI, CCW or AP address. */
  parentAddress: opt(leaf('parent_addr', name)),
  iommuGroup: opt(attr('iommuGroup/@number', decimal)),
  /** Attributes written to the device after it is created; order matters. */
  attributes: opt(many('attr', table({ name: attr('@name', str), value: attr('@value', str) }))),
})

/** A mediated device. */
export interface MdevDevice extends Infer<typeof mdevDevice> {}

/** A parent of mediated devices that is no device of another kind, such as the kernel's mtty sample. */
export const mdevParent = table({ types: many('type', mdevType) })

/** A parent of mediated devices that is no device of another kind. */
export interface MdevParent extends Infer<typeof mdevParent> {}
