import type { Infer } from '../../xml/codec.js'
import { attr, leaf, many, one, opt } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { decimal, name, str, word } from '../../xml/text.js'

/** Operational states of a link (Documentation/networking/operstates.rst). */
export const linkStates = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'] as const

/** A network interface: `virNodeDevCapNet`. */
export const netDevice = table({
  interface: leaf('interface', str),
  /** Hardware address, as /sys/class/net/…/address spells it. */
  address: opt(leaf('address', name)),
  link: opt(
    one(
      'link',
      table({
        state: opt(attr('@state', word(...linkStates))),
        /** Mb/s; known only while the link is up. */
        speed: opt(attr('@speed', decimal)),
      }),
    ),
  ),
  /** Offloads that are on, in libvirt's order. */
  features: opt(many('feature', just(attr('@name', str)))),
  /** Wireless (80211) or anything else (80203). */
  subtype: opt(one('capability', just(attr('@type', word('80203', '80211'))))),
})

/** A network interface. */
export interface NetDevice extends Infer<typeof netDevice> {}
