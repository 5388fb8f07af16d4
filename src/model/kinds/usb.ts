import type { Infer } from '../../xml/codec.js'
import { leaf, one, opt, ours } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { decimal, name } from '../../xml/text.js'
import { identified } from './pci.js'

/** A USB device: `virNodeDevCapUSBDev`. */
export const usbDevice = table({
  bus: leaf('bus', decimal),
  /** Number on the bus; another after each replug. */
  device: leaf('device', decimal),
  /** Physical port below the root hub, such as `1.2`; libvirt 12.1, unverified. */
  port: opt(leaf('port', name)),
  /** Serial number of the descriptor; libvirt does not tell it. */
  serial: ours(leaf('serial', name)),
  product: opt(one('product', identified, { gap: true })),
  vendor: opt(one('vendor', identified, { gap: true })),
})

/** A USB device. */
export interface UsbDevice extends Infer<typeof usbDevice> {}

/** An interface of a USB device: `virNodeDevCapUSBIf`; numbers of Universal Serial Bus Specification 2.0, table 9-12. */
export const usbInterface = table({
  number: leaf('number', decimal),
  class: leaf('class', decimal),
  subclass: leaf('subclass', decimal),
  protocol: leaf('protocol', decimal),
  /** Never filled in by today's libvirt. */
  description: opt(leaf('description', name)),
})

/** An interface of a USB device. */
export interface UsbInterface extends Infer<typeof usbInterface> {}
