import type { Infer } from '../../xml/codec.js'
import { flag, leaf, one, opt } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { decimal, name, str, type Text } from '../../xml/text.js'

const zeroOne: Text<boolean> = {
  is: '0 or 1',
  from: (text) => (text === '1' ? true : text === '0' ? false : undefined),
  to: (value) => (value ? '1' : '0'),
  schema: { type: 'boolean' },
}

const geometry = {
  /** Bytes. */
  logicalBlockSize: opt(leaf('logical_block_size', decimal)),
  numBlocks: opt(leaf('num_blocks', decimal)),
}

/** A disk, CD drive or floppy drive: `virNodeDevCapStorage`. */
export const storageDevice = table({
  /** Path of the block device: /dev/sda. */
  block: leaf('block', str),
  bus: opt(leaf('bus', name)),
  driveType: opt(leaf('drive_type', name)),
  model: opt(leaf('model', name)),
  vendor: opt(leaf('vendor', name)),
  serial: opt(leaf('serial', name)),
  removable: opt(
    one(
      "capability[@type='removable']",
      table({
        mediaAvailable: leaf('media_available', zeroOne),
        /** Bytes. */
        mediaSize: opt(leaf('media_size', decimal)),
        mediaLabel: opt(leaf('media_label', name)),
        ...geometry,
      }),
    ),
  ),
  /** Bytes; of drives whose medium stays in. */
  size: opt(leaf('size', decimal)),
  ...geometry,
  hotpluggable: opt(flag("capability[@type='hotpluggable']")),
})

/** A disk, CD drive or floppy drive. */
export interface StorageDevice extends Infer<typeof storageDevice> {}
