import type { Infer } from '../../xml/codec.js'
import { rest } from '../../xml/raw.js'
import { content, leaf, many, one, opt } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { str } from '../../xml/text.js'
import { identified } from './pci.js'

/**
 * A keyboard, mouse or other input device; its node is what a guest is given as `evdev`. libvirt has no such kind; the
 * proposal of April 2008 asks for one.
 */
export const inputDevice = table({
  /** What it calls itself: `QEMU USB Tablet`. */
  label: opt(leaf('label', str)),
  /** What it can be used as, in udev's words: keyboard, mouse, tablet, touchpad, joystick… */
  uses: opt(many('use', content(str))),
  /** Where it is plugged in: `usb-0000:00:1d.7-1/input0`. */
  port: opt(leaf('port', str)),
  serial: opt(leaf('serial', str)),
  product: opt(one('product', identified)),
  vendor: opt(one('vendor', identified)),
  other: rest(),
})

/** A keyboard, mouse or other input device. */
export interface InputDevice extends Infer<typeof inputDevice> {}
