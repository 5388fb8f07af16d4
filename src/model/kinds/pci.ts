import type { Infer } from '../../xml/codec.js'
import { unkept } from '../../xml/compat.js'
import { cInt, cUint, hex, printedSigned, unlessNegative, unlessZero, upTo } from '../../xml/number.js'
import { rest } from '../../xml/raw.js'
import { attr, body, flag, leaf, many, one, opt, otherwise, owed, repeated, spared } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { admitting, name, openWord, type Text, unlessEmpty } from '../../xml/text.js'
import { pciTexts } from '../pci-address.js'
import { hexuint, integer, shape, unsignedInt } from '../schema-spelling.js'
import { mdevTypes } from './mdev.js'
import { count, decimal, signedDecimal } from './spelling.js'
import { vpd } from './vpd.js'

/** A vendor or product: its id, and its name from pci.ids or usb.ids. */
export const identified = table({
  id: attr('@id', unlessEmpty(admitting(hex(4), hexuint))),
  name: opt(body(name)),
})

/** A vendor or product: its id and its name. */
export interface Identified extends Infer<typeof identified> {}

const part = (attribute: string, text: Text<number>) =>
  owed(otherwise(0, attr(`@${attribute}`, admitting(text, hexuint))))

/** Where another function sits; what is left out is 0. */
const functionAddress = table({
  domain: part('domain', pciTexts.domain),
  bus: part('bus', pciTexts.bus),
  slot: part('slot', pciTexts.slot),
  function: part('function', pciTexts.function),
})

/** Capability or status of a PCI Express link; PCI Express Base Specification, sections 7.5.3.6 and 7.5.3.8. */
const link = {
  /** Gigatransfers a second. */
  speed: opt(
    attr('@speed', unlessEmpty(admitting(openWord('2.5', '5', '8', '16', '32', '64'), shape(/^\d+(?:.\d+)?$/)))),
  ),
  /** Lanes. */
  width: attr('@width', admitting(printedSigned(cUint()), unsignedInt)),
}

/** Number of the port. */
const port = opt(attr('@port', admitting(unlessNegative(cInt(10)), unsignedInt)))

/** A PCI function: `virNodeDevCapPCIDev`. */
export const pciDevice = table({
  /** Class, subclass and programming interface in 24 bits. */
  class: opt(leaf('class', admitting(hex(6, upTo(0xff_ffff, unlessNegative(cInt(16)))), shape(/^0x[\da-f]{6}$/i)))),
  domain: leaf('domain', signedDecimal),
  bus: leaf('bus', decimal),
  slot: leaf('slot', decimal),
  function: leaf('function', decimal),
  product: one('product', identified),
  vendor: one('vendor', identified),
  /** The physical function, for a virtual one (SR-IOV). */
  physicalFunction: opt(one("capability[@type='phys_function']", just(spared(one('address', functionAddress))))),
  virtualFunctions: opt(
    one(
      "capability[@type='virt_functions']",
      table({
        /** How many the device can have: sriov_totalvfs. */
        maxCount: opt(attr('@maxCount', unlessEmpty(unlessZero(count)))),
        addresses: many('address', functionAddress),
      }),
    ),
  ),
  pciBridge: opt(flag("capability[@type='pci-bridge']")),
  cardbusBridge: opt(flag("capability[@type='cardbus-bridge']")),
  mdevTypes: opt(mdevTypes),
  vpd: opt(one("capability[@type='vpd']", vpd)),
  /** What can only be given away together, this device included. */
  iommuGroup: opt(
    one(
      'iommuGroup',
      unkept(
        table({ number: attr('@number', printedSigned(count)), addresses: owed(many('address', functionAddress)) }),
        ({ addresses }) => addresses.length === 0,
      ),
    ),
  ),
  /** NUMA node nearest to the device. */
  numaNode: opt(one('numa', just(opt(attr('@node', unlessEmpty(admitting(unlessNegative(cInt(10)), integer))))))),
  /** Present, though maybe empty, for a PCI Express device. */
  pciExpress: opt(
    one(
      'pci-express',
      table({
        /** What the link could do. */
        capability: opt(repeated(one("link[@validity='cap']", table({ port, ...link })))),
        /** What the link does. */
        status: opt(repeated(one("link[@validity='sta']", table(link, { forgotten: { '@port': port } })))),
      }),
    ),
  ),
  other: rest({ capability: 'typed' }),
})

/** A PCI function. */
export interface PciDevice extends Infer<typeof pciDevice> {}

/** The link of a PCI Express device. */
export type PciExpressLink = NonNullable<PciDevice['pciExpress']>
