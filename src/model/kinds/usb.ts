import type { Infer } from '../../xml/codec.js'
import { rest } from '../../xml/raw.js'
import { leaf, one, opt, ours, since } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { str } from '../../xml/text.js'
import { identified } from './pci.js'
import { signedDecimal } from './spelling.js'

/** A USB device: `virNodeDevCapUSBDev`. */
export const usbDevice = table({
  bus: leaf('bus', signedDecimal),
  /** Number on the bus; another after each replug. */
  device: leaf('device', signedDecimal),
  /** Physical port below the root hub, such as `1.2`; libvirt 12.1, unverified. */
  port: since('12.1', opt(leaf('port', str))),
  /** Serial number of the descriptor; libvirt does not tell it. */
  serial: ours(leaf('serial', str)),
  product: one('product', identified, { gap: true }),
  vendor: one('vendor', identified, { gap: true }),
  other: rest(),
})

/** A USB device. */
export interface UsbDevice extends Infer<typeof usbDevice> {}

/**
 * An interface of a USB device: `virNodeDevCapUSBIf`; numbers of Universal Serial Bus Specification 2.0, table 9-12.
 */
export const usbInterface = table({
  number: leaf('number', signedDecimal),
  class: leaf('class', signedDecimal),
  subclass: leaf('subclass', signedDecimal),
  protocol: leaf('protocol', signedDecimal),
  /** Never filled in by today's libvirt. */
  description: opt(leaf('description', str)),
  other: rest(),
})

/** An interface of a USB device. */
export interface UsbInterface extends Infer<typeof usbInterface> {}
