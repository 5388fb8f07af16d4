import type { Infer } from '../../xml/codec.js'
import { inCompat, unkept, unread } from '../../xml/compat.js'
import { rest } from '../../xml/raw.js'
import { attr, leaf, many, one, opt, owed } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { admitting, name, str, unlessEmpty } from '../../xml/text.js'
import { shape } from '../schema-spelling.js'
import { uuid } from '../uuid.js'
import { count } from './spelling.js'

/** A type of mediated device that a parent offers: `virMediatedDeviceType`. */
export const mdevType = table({
  id: attr('@id', name),
  /** mdev_supported_types/TYPE/name (Documentation/driver-api/vfio-mediated-device.rst). */
  name: opt(leaf('name', str)),
  /** device_api of the type: vfio-pci, vfio-ccw or vfio-ap. */
  deviceApi: leaf('deviceAPI', admitting(str, shape(/^vfio-(?:pci|ccw|ap)$/))),
  /** How many more can be created now. */
  availableInstances: leaf('availableInstances', count),
})

/** A type of mediated device that a parent offers. */
export interface MdevType extends Infer<typeof mdevType> {}

/** `<capability type='mdev_types'>` inside the parent's own capability. */
export const mdevTypes = {
  ...one(
    "capability[@type='mdev_types']",
    unkept(just(owed(many('type', mdevType))), (types) => types.length === 0),
  ),
  gathers: true,
}

/** A mediated device: `virNodeDevCapMdev`. */
export const mdevDevice = table(
  {
    type: one('type', just(attr('@id', name))),
    uuid: opt(leaf('uuid', uuid)),
    /** What mdevctl calls the parent: its PCI, CCW or AP address. */
    parentAddress: opt(unread(leaf('parent_addr', str))),
    iommuGroup: opt(inCompat(0, one('iommuGroup', just(owed(opt(attr('@number', unlessEmpty(count)))))))),
    /** Attributes written to the device after it is created; order matters. */
    attributes: opt(
      many(
        'attr[@name][@value]',
        unkept(
          table({ name: attr('@name', str), value: attr('@value', str) }),
          (it) => it.name === '' || it.value === '',
        ),
      ),
    ),
    other: rest(),
  },
  { order: 'any' },
)

/** A mediated device. */
export interface MdevDevice extends Infer<typeof mdevDevice> {}

/**
 * A parent of mediated devices that is no device of another kind, such as the kernel's mtty sample. libvirt repeats the
 * capability inside itself.
 */
export const mdevParent = table({ types: mdevTypes, other: rest() })

/** A parent of mediated devices that is no device of another kind. */
export interface MdevParent extends Infer<typeof mdevParent> {}
