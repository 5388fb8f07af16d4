import { cUint, printedSigned, size } from '../../xml/number.js'
import { admitting } from '../../xml/text.js'
import { unsignedInt, unsignedLong } from '../schema-spelling.js'

// How node device documents spell numbers (src/conf/node_device_conf.c): 32 bits, in decimal digits, though the
// schema allows most of them 64.

/** An id or address. */
export const decimal = admitting(cUint(10), unsignedLong)

/** An id or address that libvirt prints with a sign. */
export const signedDecimal = printedSigned(decimal)

/** How many there are of something. */
export const count = admitting(cUint(10), unsignedInt)

/** How many bytes or blocks. */
export const bytes = admitting(size, unsignedLong)
