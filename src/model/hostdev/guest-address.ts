import type { Infer } from '../../xml/codec.js'
import { cUint, cUint64, hex, printedSigned, unlessZero, upTo } from '../../xml/number.js'
import { checked, filled, refined, ruled } from '../../xml/refine.js'
import { attr, one, opt, otherwise, owed, spared } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { admitting, onOff, type Text } from '../../xml/text.js'
import { variants } from '../../xml/variants.js'
import { pciTexts } from '../pci-address.js'
import { hexOrInteger, shape, uint16, uint32, unsignedInt } from '../schema-spelling.js'

const decimalTo = (digits: number) => admitting(printedSigned(cUint(10)), shape(new RegExp(`^\\d{1,${digits}}$`)))

/** A number a def may leave out, which is then 0. */
const orZero = (name: string, text: Text<number>) => opt(otherwise(0, attr(`@${name}`, text)))

/** Numbers of a PCI function on an IBM Z guest: `virZPCIDeviceAddress`. */
const zpciNumbers = table({
  uid: opt(attr('@uid', admitting(upTo(0xffff, hex(4, cUint())), uint16))),
  fid: opt(attr('@fid', admitting(hex(8, cUint()), uint32))),
})

/** libvirt writes both numbers as soon as it has one. */
const zpci = refined(filled(zpciNumbers), (def, { compat }) => (compat && def ? { uid: 0, fid: 0, ...def } : def))

const pci = table({
  domain: opt(attr('@domain', pciTexts.domain)),
  bus: opt(attr('@bus', pciTexts.bus)),
  slot: opt(attr('@slot', pciTexts.slot)),
  function: opt(attr('@function', pciTexts.function)),
  multifunction: opt(attr('@multifunction', onOff)),
  zpci: opt(one('zpci', zpci)),
})

type Pci = Infer<typeof pci>

/** libvirt takes an address of zeros for one that it has to choose, and fills in what another lacks. */
function completed({ domain, bus, slot, function: fn, ...rest }: Pci, compat: boolean): Pci {
  if (domain === undefined && bus === undefined && slot === undefined && fn === undefined) return rest
  if (compat && !domain && !bus && !slot) return rest
  return { domain: domain ?? 0, bus: bus ?? 0, slot: slot ?? 0, function: fn ?? 0, ...rest }
}

/** Ports of a USB hub chain from the controller to the device: `1.2` (`virDomainUSBAddressPortFormat`). */
export const usbPort: Text<string> = {
  is: 'a chain of up to 4 ports like 1.2',
  from(text, reading) {
    const ports = text.split('.').map((port) => cUint(10).from(port, reading))
    if (ports.length > 4 || ports.includes(undefined)) return undefined
    // libvirt's own form of a chain ends at the first 0
    const end = ports.indexOf(0)
    return end === 0 ? null : ports.slice(0, end < 0 ? 4 : end).join('.')
  },
  to: (value) => (/^[1-9]\d*(\.[1-9]\d*){0,3}$/.test(value) ? value : undefined),
  admits: shape(/^((0x)?[\da-fA-F]{1,3}\.){0,3}(0x)?[\da-fA-F]{1,3}$/),
  schema: { type: 'string', pattern: '^[1-9]\\d{0,8}(\\.[1-9]\\d{0,8}){0,3}$' },
}

const hex64 = (digits: number): Text<string> => ({
  ...cUint64(16),
  to: (value, writing) => {
    const decimal = cUint64(16).to(value, writing)
    return decimal && `0x${BigInt(decimal).toString(16).padStart(digits, '0')}`
  },
})

/** An address in guest memory; 0 says that there is none. */
const baseText: Text<string> = {
  ...hex64(1),
  from(text, reading) {
    const base = hex64(1).from(text, reading)
    return base === '0' ? null : base
  },
  schema: { type: 'string', pattern: '^[1-9]\\d{0,19}$' },
}

const ccw = checked(
  table({
    cssid: opt(
      attr(
        '@cssid',
        admitting(upTo(0xfe, hex(1, cUint())), hexOrInteger(/^0x([\da-eA-E][\da-fA-F]?|[fF][\da-eA-E]?)$/, 0xfe)),
      ),
    ),
    ssid: opt(attr('@ssid', admitting(upTo(3, hex(1, cUint())), shape(/^(0x)?[0-3]$/)))),
    devno: opt(attr('@devno', admitting(upTo(0xffff, hex(4, cUint())), hexOrInteger(/^0x[\da-fA-F]{1,4}$/, 0xffff)))),
  }),
  ({ attributes }) => {
    const given = ['cssid', 'ssid', 'devno'].filter((name) => attributes[name] !== undefined)
    return given.length === 0 || given.length === 3 ? undefined : 'has only some of cssid, ssid and devno'
  },
)

/**
 * Where the guest sees the device: `virDomainDeviceInfo`'s address. `unassigned` takes a PCI device from the host
 * without giving it to the guest.
 */
export const guestAddress = variants('type', {
  pci: refined(pci, (def, { compat }) => completed(def, compat)),
  drive: table({
    controller: orZero('controller', decimalTo(2)),
    bus: orZero('bus', decimalTo(2)),
    target: orZero('target', decimalTo(2)),
    unit: orZero('unit', decimalTo(5)),
  }),
  'virtio-serial': table({
    controller: orZero('controller', decimalTo(2)),
    bus: orZero('bus', decimalTo(2)),
    port: orZero('port', decimalTo(2)),
  }),
  ccid: table({ controller: orZero('controller', decimalTo(2)), slot: orZero('slot', decimalTo(2)) }),
  usb: table({
    bus: owed(orZero('bus', admitting(printedSigned(cUint(10)), shape(/^(0x)?[\da-fA-F]{1,3}$/)))),
    port: opt(attr('@port', usbPort)),
  }),
  'spapr-vio': table({ reg: opt(attr('@reg', admitting(hex64(8), shape(/^(0x)?[\da-fA-F]{1,8}$/)))) }),
  ccw: ruled(
    refined(ccw, (def, { compat }) =>
      compat && Object.keys(def).length === 0 ? { cssid: 0, ssid: 0, devno: 0 } : def,
    ),
    ({ cssid, ssid, devno }) =>
      [cssid, ssid, devno].every((part) => part === undefined) ||
      [cssid, ssid, devno].every((part) => part !== undefined)
        ? undefined
        : 'has only some of cssid, ssid and devno; give all three or none',
  ),
  isa: table({
    iobase: opt(attr('@iobase', admitting(unlessZero(hex(1, cUint(16))), shape(/^0x[\da-fA-F]{1,4}$/)))),
    irq: opt(attr('@irq', admitting(unlessZero(hex(1, cUint(16))), shape(/^0x[\da-fA-F]$/)))),
  }),
  'virtio-mmio': table({}),
  dimm: table({
    slot: spared(attr('@slot', admitting(cUint(10), unsignedInt))),
    base: opt(attr('@base', admitting(baseText, shape(/^(0x)?[\da-f]+$/)))),
  }),
  unassigned: table({}),
})

/** Where the guest sees a device, told apart by `kind`. */
export type GuestAddress = Infer<typeof guestAddress>
