import type { Infer } from '../../xml/codec.js'
import { cUint, upTo } from '../../xml/number.js'
import { type AnyRow, attr, one, opt, spared } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { admitting, matching } from '../../xml/text.js'
import { variants } from '../../xml/variants.js'
import { uint8, uint24 } from '../schema-spelling.js'
import { uuid } from '../uuid.js'

/** A name that the switch knows a profile by. */
const profile = admitting(matching(/^[\s\S]{1,39}$/, 'a profile of 1 to 39 characters'), (text) => text.length <= 39)

const byte = admitting(upTo(0xff, cUint()), uint8)

const rows = {
  /** Which database of VSI types; IEEE 802.1Qbg, 41.2.2. */
  managerid: attr('@managerid', byte),
  typeid: attr('@typeid', admitting(upTo(0xff_ffff, cUint()), uint24)),
  typeidversion: attr('@typeidversion', byte),
  /** Which instance; libvirtd makes one up when it is left out. */
  instanceid: opt(attr('@instanceid', uuid)),
  profileid: attr('@profileid', profile),
  interfaceid: attr('@interfaceid', uuid),
}

const kinds = variants('type', {
  '802.1Qbg': table({
    parameters: spared(
      one(
        'parameters',
        table({
          managerid: spared(rows.managerid),
          typeid: spared(rows.typeid),
          typeidversion: spared(rows.typeidversion),
          instanceid: rows.instanceid,
        }),
      ),
    ),
  }),
  '802.1Qbh': table({ parameters: spared(one('parameters', table({ profileid: spared(rows.profileid) }))) }),
  openvswitch: table({
    parameters: opt(one('parameters', table({ interfaceid: opt(rows.interfaceid), profileid: opt(rows.profileid) }))),
  }),
  midonet: table({ parameters: one('parameters', table({ interfaceid: rows.interfaceid })) }),
})

/** The schema has one without a type, of any parameters, for networks; libvirt's parser refuses it here. */
const untyped = table({
  parameters: opt(
    one(
      'parameters',
      table(Object.fromEntries(Object.entries<AnyRow>(rows).map(([name, row]) => [name, spared(row)]))),
    ),
  ),
})

/** What is told to the switch a device hangs at: `virNetDevVPortProfile`. */
export const virtualPort: typeof kinds = {
  ...kinds,
  check: (element, findings, told) =>
    (element.attributes.type === undefined ? untyped : kinds).check(element, findings, told),
}

/** What is told to the switch a device hangs at, told apart by `kind`. */
export type VirtualPort = Infer<typeof kinds>
