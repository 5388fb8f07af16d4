import type { Infer } from '../../xml/codec.js'
import { leaf, opt } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { hex, upTo } from '../../xml/text.js'
import { mdevTypes } from './mdev.js'

const adapter = leaf('ap-adapter', upTo(0xff, hex(2)))

/** An s390 crypto adapter: `virNodeDevCapAPCard` (Documentation/arch/s390/vfio-ap.rst). */
export const apCard = table({ adapter })

/** An s390 crypto adapter. */
export interface ApCard extends Infer<typeof apCard> {}

/** One domain of a crypto adapter: `virNodeDevCapAPQueue`. */
export const apQueue = table({ adapter, domain: leaf('ap-domain', upTo(0xff, hex(4))) })

/** One domain of a crypto adapter. */
export interface ApQueue extends Infer<typeof apQueue> {}

/** The device from which mediated crypto devices are made: `virNodeDevCapAPMatrix`. */
export const apMatrix = table({ mdevTypes: opt(mdevTypes) })

/** The device from which mediated crypto devices are made. */
export interface ApMatrix extends Infer<typeof apMatrix> {}
