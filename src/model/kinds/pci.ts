import type { Infer } from '../../xml/codec.js'
import { attr, body, flag, leaf, many, one, opt } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { decimal, hex, name, uint, upTo, word } from '../../xml/text.js'
import { pciAddress } from '../pci-address.js'
import { mdevTypes } from './mdev.js'
import { vpd } from './vpd.js'

/** A vendor or product: its id, and its name from pci.ids or usb.ids. */
export const identified = table({ id: attr('@id', upTo(0xffff, hex(4))), name: opt(body(name)) })

/** A vendor or product: its id and its name. */
export interface Identified extends Infer<typeof identified> {}

const speeds = ['', '2.5', '5', '8', '16', '32', '64'] as const

/** Capability or status of a PCI Express link; PCI Express Base Specification, sections 7.5.3.6 and 7.5.3.8. */
const link = {
  /** Gigatransfers a second. */
  speed: opt(attr('@speed', word(...speeds.slice(1)))),
  /** Lanes. */
  width: attr('@width', decimal),
}

/** A PCI function: `virNodeDevCapPCIDev`. */
export const pciDevice = table({
  /** Class, subclass and programming interface in 24 bits. */
  class: opt(leaf('class', upTo(0xff_ffff, hex(6)))),
  domain: leaf('domain', decimal),
  bus: leaf('bus', decimal),
  slot: leaf('slot', decimal),
  function: leaf('function', decimal),
  product: one('product', identified),
  vendor: one('vendor', identified),
  /** The physical function, for a virtual one (SR-IOV). */
  physicalFunction: opt(one("capability[@type='phys_function']", just(one('address', pciAddress)))),
  virtualFunctions: opt(
    one(
      "capability[@type='virt_functions']",
      table({
        /** How many the device can have: sriov_totalvfs. */
        maxCount: opt(attr('@maxCount', decimal)),
        addresses: many('address', pciAddress),
      }),
    ),
  ),
  pciBridge: opt(flag("capability[@type='pci-bridge']")),
  cardbusBridge: opt(flag("capability[@type='cardbus-bridge']")),
  mdevTypes: opt(mdevTypes),
  vpd: opt(one("capability[@type='vpd']", vpd)),
  /** What can only be given away together, this device included. */
  iommuGroup: opt(one('iommuGroup', table({ number: attr('@number', uint), addresses: many('address', pciAddress) }))),
  /** NUMA node nearest to the device. */
  numaNode: opt(attr('numa/@node', decimal)),
  /** Present, though maybe empty, for a PCI Express device. */
  pciExpress: opt(
    one(
      'pci-express',
      table({
        /** What the link could do. */
        capability: opt(one("link[@validity='cap']", table({ port: opt(attr('@port', decimal)), ...link }))),
        /** What the link does. */
        status: opt(one("link[@validity='sta']", table(link))),
      }),
    ),
  ),
})

/** A PCI function. */
export interface PciDevice extends Infer<typeof pciDevice> {}
