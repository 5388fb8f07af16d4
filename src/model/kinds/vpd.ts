import type { Infer } from '../../xml/codec.js'
import { attr, body, leaf, many, one, opt } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { matching, str } from '../../xml/text.js'

const numbered = table({
  /** The digit or letter after V or Y in the field's keyword. */
  index: attr('@index', matching(/^[0-9A-Z]$/, 'a digit or an upper-case letter')),
  value: body(str),
})

/** Vital product data of a PCI device: `virPCIVPDResource`; PCI Local Bus Specification 3.0, appendix I. */
export const vpd = table({
  /** The identifier string, tag 0x82. */
  name: leaf('name', str),
  /** Fields of VPD-R, tag 0x90. */
  readOnly: opt(
    one(
      "fields[@access='readonly']",
      table({
        changeLevel: opt(leaf('change_level', str)),
        manufactureId: opt(leaf('manufacture_id', str)),
        partNumber: opt(leaf('part_number', str)),
        serialNumber: opt(leaf('serial_number', str)),
        vendorFields: opt(many('vendor_field', numbered)),
      }),
    ),
  ),
  /** Fields of VPD-W, tag 0x91. */
  readWrite: opt(
    one(
      "fields[@access='readwrite']",
      table({
        assetTag: opt(leaf('asset_tag', str)),
        vendorFields: opt(many('vendor_field', numbered)),
        systemFields: opt(many('system_field', numbered)),
      }),
    ),
  ),
})

/** Vital product data of a PCI device. */
export interface Vpd extends Infer<typeof vpd> {}
