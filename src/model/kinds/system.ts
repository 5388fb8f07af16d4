import type { Infer } from '../../xml/codec.js'
import { leaf, one, opt } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { name, str, word } from '../../xml/text.js'

/** The host itself: `virNodeDevCapSystem`; values of SMBIOS types 0 and 1 (/sys/class/dmi/id). */
export const system = table({
  product: opt(leaf('product', name)),
  hardware: one(
    'hardware',
    table({
      vendor: opt(leaf('vendor', name)),
      version: opt(leaf('version', name)),
      serial: opt(leaf('serial', name)),
      uuid: leaf('uuid', str),
    }),
  ),
  firmware: one(
    'firmware',
    table({
      vendor: opt(leaf('vendor', name)),
      version: opt(leaf('version', name)),
      releaseDate: opt(leaf('release_date', name)),
    }),
  ),
})

/** The host itself. */
export interface System extends Infer<typeof system> {}

/** A node of the Direct Rendering Manager: `virNodeDevCapDRM`. */
export const drmDevice = table({ type: leaf('type', word('primary', 'control', 'render')) })

/** A node of the Direct Rendering Manager. */
export interface DrmDevice extends Infer<typeof drmDevice> {}

/** A virtio data path accelerator: `virNodeDevCapVDPA`. */
export const vdpaDevice = table({
  /** Path of the character device: /dev/vhost-vdpa-0. */
  chardev: leaf('chardev', str),
})

/** A virtio data path accelerator. */
export interface VdpaDevice extends Infer<typeof vdpaDevice> {}
