import type { Infer } from '../../xml/codec.js'
import { attr, body, leaf, many, one, opt } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { hex, name, str, upTo, word } from '../../xml/text.js'
import { mdevTypes } from './mdev.js'

/** The rows of a channel subsystem address; s390 Principles of Operation, chapter 13. */
const channelAddress = {
  cssid: leaf('cssid', upTo(0xfe, hex(1))),
  ssid: leaf('ssid', upTo(3, hex(1))),
  devno: leaf('devno', upTo(0xffff, hex(4))),
}

/** A channel I/O device: `virNodeDevCapCCW`. */
export const ccwDevice = table({
  ...channelAddress,
  /** The group this device works in; libvirt 11.1, unverified. */
  groupDevice: opt(one("capability[@type='ccwgroup_member']", just(leaf('group_device', str)))),
})

/** A channel I/O device. */
export interface CcwDevice extends Infer<typeof ccwDevice> {}

/** Channel devices that work as one, such as a qeth network card; libvirt 11.1, unverified. */
export const ccwGroup = table({
  state: leaf('state', word('online', 'offline')),
  ...channelAddress,
  members: opt(one('members', just(many('ccw_device', table({ ref: attr('@ref', str), device: body(str) }))))),
  qeth: opt(
    one(
      "capability[@type='qeth_generic']",
      table({ cardType: opt(leaf('card_type', name)), chpid: opt(leaf('chpid', name)) }),
    ),
  ),
})

/** Channel devices that work as one. */
export interface CcwGroup extends Infer<typeof ccwGroup> {}

/** A subchannel: `virNodeDevCapCSS`. */
export const cssDevice = table({
  ...channelAddress,
  /** The device behind the subchannel. */
  channelDevice: opt(one('channel_dev_addr', table(channelAddress))),
  mdevTypes: opt(mdevTypes),
})

/** A subchannel. */
export interface CssDevice extends Infer<typeof cssDevice> {}
