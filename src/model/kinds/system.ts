import type { Infer } from '../../xml/codec.js'
import { rest } from '../../xml/raw.js'
import { leaf, one, opt, owed, type Row } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { admitting, openWord, str } from '../../xml/text.js'
import { devicePath } from '../schema-spelling.js'
import { uuid } from '../uuid.js'

const firmwareTable = table({
  vendor: opt(leaf('vendor', str)),
  version: opt(leaf('version', str)),
  releaseDate: opt(leaf('release_date', str)),
})

/** libvirt writes it even when nothing is known of it, and reads documents without it. */
const firmware: Row<Infer<typeof firmwareTable>> = {
  ...one('firmware', firmwareTable),
  otherwise: () => ({}),
}

/** The host itself: `virNodeDevCapSystem`; values of SMBIOS types 0 and 1 (/sys/class/dmi/id). */
export const system = table({
  product: opt(leaf('product', str)),
  hardware: one(
    'hardware',
    table({
      vendor: opt(leaf('vendor', str)),
      version: opt(leaf('version', str)),
      serial: opt(leaf('serial', str)),
      uuid: leaf('uuid', uuid),
    }),
  ),
  firmware,
  other: rest(),
})

/** The host itself. */
export interface System extends Infer<typeof system> {}

/** A node of the Direct Rendering Manager: `virNodeDevCapDRM`. */
export const drmDevice = table({ type: leaf('type', openWord('primary', 'control', 'render')), other: rest() })

/** A node of the Direct Rendering Manager. */
export interface DrmDevice extends Infer<typeof drmDevice> {}

/** A virtio data path accelerator: `virNodeDevCapVDPA`. */
export const vdpaDevice = table({
  /** Path of the character device, /dev/vhost-vdpa-0; there is one while the device is meant for guests. */
  chardev: opt(owed(leaf('chardev', admitting(str, devicePath)))),
  other: rest(),
})

/** A virtio data path accelerator. */
export interface VdpaDevice extends Infer<typeof vdpaDevice> {}
