import type { Infer } from '../../xml/codec.js'
import { unlessZero } from '../../xml/number.js'
import { rest } from '../../xml/raw.js'
import { filled } from '../../xml/refine.js'
import { attr, content, leaf, many, one, opt, ours, type Row, repeated } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { admitting, openWord, str, unlessEmpty } from '../../xml/text.js'
import { shape } from '../schema-spelling.js'
import { count } from './spelling.js'

/** Operational states of a link (Documentation/networking/operstates.rst). */
export const linkStates = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'] as const

/** Offloads by libvirt's words, in its order (`virNetDevFeature`); it calls the UDP tunnels' `txudptnl`. */
export const netFeatures = [
  'rx',
  'tx',
  'sg',
  'tso',
  'gso',
  'gro',
  'lro',
  'rxvlan',
  'txvlan',
  'ntuple',
  'rxhash',
  'rdma',
  'txudptnl',
  'switchdev',
] as const

const feature = admitting(openWord(...netFeatures), shape(/^[a-zA-Z\-_]+$/))

/** The same row, written in libvirt's order and without doubles: libvirt holds features as a set. */
const inOrder = (row: Row<string[]>): Row<string[]> => ({
  ...row,
  write(sink, features, writing) {
    const given = new Set(features)
    const ordered = netFeatures.filter((each) => given.delete(each))
    row.write(sink, [...ordered, ...given], writing)
  },
})

/** A network interface: `virNodeDevCapNet`. */
export const netDevice = table({
  interface: leaf('interface', str),
  /** Hardware address, as /sys/class/net/…/address spells it. */
  address: opt(leaf('address', admitting(str, shape(/^(?:[\da-f]{2}:){5}[\da-f]{2}$/i)))),
  link: opt(
    one(
      'link',
      filled(
        table({
          /** Mb/s; known only while the link is up. */
          speed: opt(attr('@speed', unlessZero(count))),
          state: opt(attr('@state', unlessEmpty(openWord(...linkStates)))),
        }),
      ),
    ),
  ),
  /** Offloads that are on. */
  features: opt(inOrder(many('feature', just(attr('@name', feature))))),
  /** Wireless (80211) or anything else (80203). */
  subtype: opt(repeated(one('capability[@type]', just(opt(attr('@type', unlessEmpty(openWord('80203', '80211')))))))),
  /**
   * What it is when it is no plain interface, in the kernel's words: bridge, bond, vlan, tun…;
   * libvirt does not tell it.
   */
  type: ours(leaf('type', str)),
  /**
   * Interfaces that it stands on: ports of a bridge or bond, what a VLAN or macvlan is part of;
   * libvirt does not tell them.
   */
  lower: ours(many('lower', content(str))),
  other: rest(),
})

/** A network interface. */
export interface NetDevice extends Infer<typeof netDevice> {}
