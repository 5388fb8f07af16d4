import type { Infer } from '../../xml/codec.js'
import { inCompat, unkept } from '../../xml/compat.js'
import { cUint, hex } from '../../xml/number.js'
import { rest } from '../../xml/raw.js'
import { attr, body, leaf, many, one, opt } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { admitting, name, openWord, str } from '../../xml/text.js'
import { hexOrInteger, shape } from '../schema-spelling.js'
import { mdevTypes } from './mdev.js'

/** The rows of a channel subsystem address; s390 Principles of Operation, chapter 13. */
const channelAddress = {
  cssid: leaf('cssid', admitting(hex(1, cUint()), hexOrInteger(/^0x(?:[\da-e][\da-f]?|f[\da-e]?)$/i, 0xfe))),
  ssid: leaf('ssid', admitting(hex(1, cUint()), shape(/^(0x)?[0-3]$/))),
  devno: leaf('devno', admitting(hex(4), hexOrInteger(/^0x[\da-f]{1,4}$/i, 0xffff))),
}

/** A channel I/O device: `virNodeDevCapCCW`. */
export const ccwDevice = table({
  ...channelAddress,
  /** The group this device works in; libvirt 11.1, unverified. */
  groupDevice: opt(one("capability[@type='ccwgroup_member']", just(leaf('group_device', str)))),
  other: rest(),
})

/** A channel I/O device. */
export interface CcwDevice extends Infer<typeof ccwDevice> {}

const members = many('ccw_device', table({ ref: attr('@ref', str), device: body(str) }))

/** What libvirt 11.3 prints of a text that it does not have. */
const nothing = '(null)'

/** Channel devices that work as one, such as a qeth network card; libvirt 11.1. */
export const ccwGroup = table({
  state: inCompat('online', leaf('state', openWord('online', 'offline'))),
  ...channelAddress,
  members: opt({
    ...one(
      'members',
      unkept(just(members), (devices) => devices.length === 0),
    ),
    gathers: true,
  }),
  /** libvirt takes every group for one of qeth. */
  qeth: opt(
    inCompat(
      { cardType: nothing, chpid: nothing },
      one(
        "capability[@type='qeth_generic']",
        table({
          cardType: opt(inCompat(nothing, leaf('card_type', name))),
          chpid: opt(inCompat(nothing, leaf('chpid', name))),
        }),
      ),
    ),
  ),
  other: rest({ capability: 'refused' }),
})

/** Channel devices that work as one. */
export interface CcwGroup extends Infer<typeof ccwGroup> {}

/** A subchannel: `virNodeDevCapCSS`. */
export const cssDevice = table({
  ...channelAddress,
  /** The device behind the subchannel. */
  channelDevice: opt(one('channel_dev_addr', table(channelAddress))),
  mdevTypes: opt(mdevTypes),
  other: rest({ capability: 'typed' }),
})

/** A subchannel. */
export interface CssDevice extends Infer<typeof cssDevice> {}
