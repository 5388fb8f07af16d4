import type { Infer } from '../../xml/codec.js'
import { invalid } from '../../xml/codec.js'
import { inCompat, unread } from '../../xml/compat.js'
import type { XmlElement } from '../../xml/element.js'
import { rest } from '../../xml/raw.js'
import { checked, refined } from '../../xml/refine.js'
import { flag, leaf, one, opt, ours } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { admitting, str, type Text, token } from '../../xml/text.js'
import { devicePath } from '../schema-spelling.js'
import { bytes } from './spelling.js'

/** libvirt takes all but 1 for 0. */
const zeroOne: Text<boolean> = {
  is: '0 or 1',
  from: (text, { compat }) => (text === '1' ? true : text === '0' || compat ? false : undefined),
  to: (value) => (value ? '1' : '0'),
  admits: (text) => ['0', '1'].includes(token(text)),
  schema: { type: 'boolean' },
}

const geometry = {
  /** Bytes. */
  logicalBlockSize: opt(unread(leaf('logical_block_size', bytes))),
  numBlocks: opt(unread(leaf('num_blocks', bytes))),
}

/** The schema wants both sizes of the geometry or neither. */
function geometryIsWhole({ children }: XmlElement): string | undefined {
  const sizes = children.filter(({ name }) => name === 'logical_block_size' || name === 'num_blocks')
  return sizes.length === 1 ? 'has one of logical_block_size and num_blocks without the other' : undefined
}

const storage = table({
  /** Path of the block device: /dev/sda. */
  block: leaf('block', admitting(str, devicePath)),
  bus: opt(leaf('bus', str)),
  driveType: opt(leaf('drive_type', str)),
  model: opt(leaf('model', str)),
  vendor: opt(leaf('vendor', str)),
  serial: opt(leaf('serial', str)),
  /** World wide id, which stays with the drive wherever it is plugged in; libvirt does not tell it. */
  wwid: ours(leaf('wwid', str)),
  removable: opt(
    one(
      "capability[@type='removable']",
      checked(
        table({
          mediaAvailable: inCompat(false, leaf('media_available', zeroOne)),
          /** Bytes. */
          mediaSize: leaf('media_size', bytes),
          mediaLabel: opt(leaf('media_label', str)),
          ...geometry,
        }),
        geometryIsWhole,
      ),
    ),
  ),
  /** Bytes; of drives whose medium stays in. */
  size: opt(leaf('size', bytes)),
  ...geometry,
  hotpluggable: opt(flag("capability[@type='hotpluggable']")),
  other: rest({ capability: 'refused' }),
})

/** A disk, CD drive or floppy drive: `virNodeDevCapStorage`. */
export const storageDevice = checked(
  refined(storage, (def, { compat }, element) => {
    if (!compat) return def
    const { size, ...kept } = def
    if (def.removable) return kept
    if (size === undefined) throw invalid(element, 'is missing', '/size')
    return def
  }),
  (element) => {
    const has = (name: string) => element.children.some((child) => child.name === name)
    const removable = element.children.some(({ attributes }) => attributes.type === 'removable')
    if (removable && ['size', 'logical_block_size', 'num_blocks'].some(has))
      return 'has a size beside a removable medium'
    return removable || has('size') ? geometryIsWhole(element) : 'has neither a size nor a removable medium'
  },
)

/** A disk, CD drive or floppy drive. */
export interface StorageDevice extends Infer<typeof storageDevice> {}
