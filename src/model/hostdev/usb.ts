import { cUint, hex, printedSigned, upTo } from '../../xml/number.js'
import { checked, ruled } from '../../xml/refine.js'
import { attr, one, opt, owed, since } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { admitting, type Text, word, yesNo } from '../../xml/text.js'
import { shape } from '../schema-spelling.js'
import { sitsAt } from './device-info.js'
import { usbPort } from './guest-address.js'
import { storageFlags, subsystem } from './subsystem.js'

const id = just(attr('@id', admitting(upTo(0xffff, hex(4, cUint())), shape(/^(0x)?[\da-fA-F]{1,4}$/))))
const number = admitting(printedSigned(cUint()), shape(/^(0x)?[\da-fA-F]{1,3}$/))

/** A setting of the running guest, which libvirt does not read from a definition. */
const live: Text<boolean> = {
  ...yesNo,
  from: (text, reading) => (reading.compat ? null : yesNo.from(text, reading)),
  admits: () => false,
}

/** The source of a USB device: a vendor and product, an address, or both (`virDomainHostdevSubsysUSB`). */
export const usbSource = (addressPlace: string) =>
  checked(
    ruled(
      table({
        /** What happens when the guest starts and the device is not there. */
        startupPolicy: opt(attr('@startupPolicy', word('mandatory', 'requisite', 'optional'))),
        /** The address was found by vendor and product, and may be found anew. */
        autoAddress: opt(attr('@autoAddress', live)),
        /** The device was not there when the guest started. */
        missing: opt(attr('@missing', live)),
        /** Whether the guest may reset the device. */
        guestReset: opt(attr('@guestReset', word('off', 'uninitialized', 'on'))),
        vendor: opt(one('vendor', id)),
        product: opt(one('product', id)),
        /** Where the device is plugged in. */
        address: opt(
          one(
            addressPlace,
            table({
              bus: attr('@bus', number),
              /** Number on the bus; another after each replug. */
              device: owed(opt(attr('@device', number))),
              /** Physical port below the root hub, such as `1.2`; libvirt 12.1, unverified. */
              port: since('12.1', opt(attr('@port', usbPort))),
            }),
          ),
        ),
      }),
      ({ vendor, product }) =>
        (vendor === undefined) === (product === undefined)
          ? undefined
          : `has ${vendor === undefined ? 'a product without its vendor' : 'a vendor without its product'}; give both`,
      ({ vendor }) => (vendor === 0 ? 'has vendor 0, which no device has' : undefined),
      ({ address }) =>
        address && address.device === undefined && address.port === undefined
          ? 'has an address without device; give the number of the device'
          : undefined,
    ),
    ({ children }) => {
      const has = (wanted: string) => children.some(({ name }) => name === wanted)
      if (children.length === 0) return 'holds neither an address nor a vendor and product'
      return has('vendor') === has('product') ? undefined : 'holds one of vendor and product; give both'
    },
  )

const sourceRow = one('source', usbSource('address'))

/** libvirt writes no source that says nothing, though it wants to read one. */
const source: typeof sourceRow = {
  ...sourceRow,
  write(sink, value, writing, inside) {
    if (!writing.compat || Object.keys(value).length > 0) sourceRow.write(sink, value, writing, inside)
  },
}

/** `<hostdev type='usb'>`. */
export const usbHostdev = ruled(
  table(subsystem({ source }), {
    order: 'any',
    forgotten: storageFlags,
  }),
  sitsAt('usb'),
)
