import type { Infer } from '../../xml/codec.js'
import { cUint, hex, upTo } from '../../xml/number.js'
import { rest } from '../../xml/raw.js'
import { leaf, opt } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { admitting } from '../../xml/text.js'
import { hexOrInteger, uint8 } from '../schema-spelling.js'
import { mdevTypes } from './mdev.js'

const adapter = leaf('ap-adapter', admitting(hex(2, cUint()), uint8))

/** An s390 crypto adapter: `virNodeDevCapAPCard` (Documentation/arch/s390/vfio-ap.rst). */
export const apCard = table({ adapter, other: rest() })

/** An s390 crypto adapter. */
export interface ApCard extends Infer<typeof apCard> {}

/** One domain of a crypto adapter: `virNodeDevCapAPQueue`. */
export const apQueue = table({
  adapter,
  domain: leaf('ap-domain', admitting(hex(4, upTo(0xff, cUint())), hexOrInteger(/^0x[\da-f]{1,4}$/i, 0xff))),
  other: rest(),
})

/** One domain of a crypto adapter. */
export interface ApQueue extends Infer<typeof apQueue> {}

/** The device from which mediated crypto devices are made: `virNodeDevCapAPMatrix`. */
export const apMatrix = table({ mdevTypes: opt(mdevTypes), other: rest({ capability: 'typed' }) })

/** The device from which mediated crypto devices are made. */
export interface ApMatrix extends Infer<typeof apMatrix> {}
