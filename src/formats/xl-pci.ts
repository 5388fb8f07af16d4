import type { PciAddress } from '../model/pci-address.js'
import { flag, notXl, readOptions, word, writeOptions, type XlOption, type XlValues, xlText } from './xl-options.js'

/** A PCI function of the host, or with `*` all functions of a slot. */
export interface XlPciAddress extends Omit<PciAddress, 'function'> {
  function: number | '*'
}

const noun = 'PCI_SPEC_STRING'

/** Digits as sscanf's `%x` reads them, without what it lets through besides: blanks, signs and `0x`. */
const bdf = /^(?:([\da-f]{1,8}):)?([\da-f]{1,8}):([\da-f]{1,8})\.(?:([\da-f]{1,8})|\*)(?:@([\da-f]{1,8}))?$/i

function addressIn(text: string): { address: XlPciAddress; vslot?: number } | undefined {
  const [whole, domain = '0', bus = '', slot = '', fn, vslot] = bdf.exec(text) ?? []
  if (whole === undefined) return undefined
  const number = (digits: string) => Number.parseInt(digits, 16)
  const address: XlPciAddress = {
    domain: number(domain),
    bus: number(bus),
    slot: number(slot),
    function: fn === undefined ? '*' : number(fn),
  }
  const fits =
    address.domain <= 0xffff &&
    address.bus <= 0xff &&
    address.slot <= 0x1f &&
    (address.function === '*' || address.function <= 7) &&
    (vslot === undefined || number(vslot) <= 0x1f)
  return fits ? { address, ...(vslot !== undefined && { vslot: number(vslot) }) } : undefined
}

const hexDigits = (value: number, width: number): string => value.toString(16).padStart(width, '0')

/** `0000:01:00.0`, or `0000:01:00.*`. */
const addressText = ({ domain, bus, slot, function: fn }: XlPciAddress): string =>
  `${hexDigits(domain, 4)}:${hexDigits(bus, 2)}:${hexDigits(slot, 2)}.${fn === '*' ? fn : hexDigits(fn, 1)}`

const address: XlOption<XlPciAddress> = {
  key: 'bdf',
  is: 'a PCI address like 0000:01:00.0, or 0000:01:00.* for all functions',
  read: (text) => (text.includes('@') ? undefined : addressIn(text)?.address),
  write: addressText,
}

const options = {
  address,
  /** Always hexadecimal. */
  vslot: {
    key: 'vslot',
    is: 'a hexadecimal number from 0 to 1f',
    read: (text) =>
      /^[\da-f]{1,8}$/i.test(text) && Number.parseInt(text, 16) <= 0x1f ? Number.parseInt(text, 16) : undefined,
    write: (vslot) => hexDigits(vslot, 2),
  } as XlOption<number>,
  permissive: flag('permissive'),
  msitranslate: flag('msitranslate'),
  seize: flag('seize'),
  powerMgmt: flag('power_mgmt'),
  rdmPolicy: word('rdm_policy', 'strict', 'relaxed'),
  name: { key: 'name', is: 'a name', read: (text) => text, write: (name) => name } as XlOption<string>,
} as const

/**
 * What a PCI_SPEC_STRING says (xl-pci-configuration(5)): a device by its address or, since Xen 4.15, by the name it
 * was made assignable with, and how the guest gets it. What is absent is xl's default.
 */
export interface XlPciSpec extends XlValues<typeof options> {}

function parse(text: string): XlPciSpec {
  const pieces = text.split(',')
  // one comma at the end is nothing to xl
  if (pieces.at(-1) === '') pieces.pop()
  const [first = ''] = pieces
  const positional = addressIn(first)
  if (!positional && !first.includes('=')) throw notXl(noun, text, `does not begin with ${address.is}, bdf= or name=`)
  const spec = {
    ...positional,
    ...readOptions(noun, text, options, positional ? pieces.slice(1) : pieces),
  }
  if ((spec.address === undefined) === (spec.name === undefined))
    throw notXl(noun, text, 'names the device neither or twice; give an address or a name')
  return spec
}

/** The positional form, which every xl reads; by the name, which only new ones know, the other. */
function write({ address, vslot, ...rest }: XlPciSpec): string {
  const device = address && addressText(address) + (vslot === undefined ? '' : `@${hexDigits(vslot, 2)}`)
  const named = address || vslot === undefined ? rest : { ...rest, vslot }
  return [...(device === undefined ? [] : [device]), ...writeOptions(options, named)].join(',')
}

/** PCI_SPEC_STRING, as in `pci=[…]` and `xl pci-attach` (`xlu_pci_parse_spec_string`, tools/libs/util/libxlu_pci.c). */
export const xlPciSpec = xlText<XlPciSpec>(noun, parse, write)
