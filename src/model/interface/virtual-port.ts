import type { Codec, Infer } from '../../xml/codec.js'
import { cUint, upTo } from '../../xml/number.js'
import { attr, one, opt, type Row } from '../../xml/row.js'
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

/** The element with its parameters inside; the schema lets it stand without. */
const port = <P>(parameters: Codec<P>) => table({ parameters: one('parameters', parameters) })
const lax = <T>(row: Row<T>): Row<T> => ({ ...row, mayLack: true })

/** What is told to the switch a device hangs at: `virNetDevVPortProfile`. */
export const virtualPort = variants('type', {
  '802.1Qbg': port(
    table({
      managerid: lax(rows.managerid),
      typeid: lax(rows.typeid),
      typeidversion: lax(rows.typeidversion),
      instanceid: rows.instanceid,
    }),
  ),
  '802.1Qbh': port(table({ profileid: lax(rows.profileid) })),
  openvswitch: table({
    parameters: opt(one('parameters', table({ interfaceid: opt(rows.interfaceid), profileid: opt(rows.profileid) }))),
  }),
  midonet: port(table({ interfaceid: rows.interfaceid })),
})

/** What is told to the switch a device hangs at, told apart by `kind`. */
export type VirtualPort = Infer<typeof virtualPort>
