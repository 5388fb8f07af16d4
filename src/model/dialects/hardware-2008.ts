import { upTo } from '../../xml/number.js'
import { attr, one } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { bareHex, paddedDecimal } from './old-numbers.js'

// How both proposals of 2008, that of node devices and that of host devices, say which hardware is meant.

/** The number of a vendor or a product, in decimal digits. */
export const id2008 = attr('@id', upTo(0xffff, paddedDecimal(1)))

export const usbAddress2008 = one(
  'address',
  table({ bus: attr('@bus', paddedDecimal(3)), dev: attr('@dev', paddedDecimal(3)) }),
)

export const pciAddress2008 = one(
  'address',
  table({
    domain: attr('@domain', bareHex(4, 0xffff_ffff)),
    bus: attr('@bus', bareHex(2, 0xff)),
    slot: attr('@slot', bareHex(2, 0x1f)),
    function: attr('@function', bareHex(1, 7)),
  }),
)
