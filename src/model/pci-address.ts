import { VirtError } from '../errors.js'
import type { Infer } from '../xml/codec.js'
import { cUint, hex, upTo } from '../xml/number.js'
import { refined } from '../xml/refine.js'
import { attr, otherwise } from '../xml/row.js'
import { table } from '../xml/table.js'
import { admitting, onOff } from '../xml/text.js'
import { hexOrInteger, uint8, uint32 } from './schema-spelling.js'

/** libvirt writes a function `0x3`, which is right up to the 7 it may be. */
const functionDigit = hex(1, upTo(7, cUint()))

/** How the parts of a PCI address are spelt in XML (`virPCIDeviceAddressParseXML`). */
export const pciTexts = {
  /** PCI domain (segment); wider than 16 bits with Intel VMD. */
  domain: admitting(hex(4, cUint()), uint32),
  bus: admitting(upTo(0xff, hex(2, cUint())), uint8),
  slot: admitting(upTo(0x1f, hex(2, cUint())), hexOrInteger(/^(0x)?[01]?[\da-fA-F]$/, 0x1f)),
  function: admitting(functionDigit, hexOrInteger(/^(0x)?[0-7]$/, 7)),
} as const

/** `<address domain='0x0000' bus='0x02' slot='0x00' function='0x0'/>`; what is left out is 0. */
export const pciAddress = table({
  domain: otherwise(0, attr('@domain', pciTexts.domain)),
  bus: otherwise(0, attr('@bus', pciTexts.bus)),
  slot: otherwise(0, attr('@slot', pciTexts.slot)),
  function: otherwise(0, attr('@function', pciTexts.function)),
})

/** Where a PCI function sits on its host or guest: `virPCIDeviceAddress`. */
export interface PciAddress extends Infer<typeof pciAddress> {}

const multifunction = attr('@multifunction', onOff)

/** The same where `multifunction` is of no use; libvirt reads it of any PCI address, and forgets it there. */
export const soleFunction = refined(
  table(pciAddress.rows, { forgotten: { '@multifunction': multifunction } }),
  (def, reading, element) => {
    if (element.attributes.multifunction !== undefined) multifunction.read(element, reading)
    return def
  },
)

const pattern = /^(?:([\da-f]{4,8}):)?([\da-f]{1,2}):([\da-f]{1,2})\.([0-7])$/i

/** `0000:00:1f.3`, as the kernel writes it (drivers/pci/probe.c, pci_setup_device). */
export function formatPciAddress({ domain, bus, slot, function: fn }: PciAddress): string {
  const digits = (value: number, width: number) => value.toString(16).padStart(width, '0')
  return `${digits(domain, 4)}:${digits(bus, 2)}:${digits(slot, 2)}.${fn}`
}

/** Whether a text is an address as {@link parsePciAddress} reads it. */
export const isPciAddress = (text: string): boolean => pattern.test(text)

/** Reads `0000:00:1f.3` or, of domain 0, `00:1f.3`; `undefined` for anything else. */
export function parsePciAddress(text: string): PciAddress | undefined {
  const [, domain = '0', bus, slot, fn] = pattern.exec(text) ?? []
  if (bus === undefined || slot === undefined || fn === undefined) return undefined
  const address = {
    domain: Number.parseInt(domain, 16),
    bus: Number.parseInt(bus, 16),
    slot: Number.parseInt(slot, 16),
    function: Number(fn),
  }
  return address.slot <= 0x1f ? address : undefined
}

/** {@link parsePciAddress} for callers that need one. @throws VirtError `invalid-argument` */
export function toPciAddress(text: string): PciAddress {
  const address = parsePciAddress(text)
  if (!address) throw new VirtError('invalid-argument', `'${text}' is not a PCI address; write it like 0000:00:1f.3`)
  return address
}

/** Whether two addresses are the same function. */
export const samePciAddress = (a: PciAddress, b: PciAddress): boolean =>
  a.domain === b.domain && a.bus === b.bus && a.slot === b.slot && a.function === b.function
