import { VirtError } from '../errors.js'
import type { HostdevOf } from '../model/hostdev.js'

/**
 * A USB device of the host as QEMU's former `-usbdevice` and Xen's `usbdevice=` name it: `host:003.001`, bus and device
 * in decimal digits, or `host:0483:2016`, vendor and product in hexadecimal ones (QEMU 1.0, usb-linux.c,
 * `usb_host_device_open`).
 *
 * @throws VirtError `invalid-argument` for any other device, such as `tablet`
 */
export function parseUsbHostName(text: string): HostdevOf<'usb'> {
  const [, bus, device] = /^host:(\d{1,9})\.(\d{1,9})$/.exec(text) ?? []
  if (bus !== undefined && device !== undefined)
    return { kind: 'usb', managed: false, source: { address: { bus: Number(bus), device: Number(device) } } }
  const [, vendor, product] = /^host:([\da-f]{1,4}):([\da-f]{1,4})$/i.exec(text) ?? []
  if (vendor === undefined || product === undefined)
    throw new VirtError(
      'invalid-argument',
      `the USB device ${JSON.stringify(text.slice(0, 100))} is none of the host's; write host:003.001 or host:0483:2016`,
    )
  const id = (digits: string) => Number.parseInt(digits, 16)
  return { kind: 'usb', managed: false, source: { vendor: id(vendor), product: id(product) } }
}

/** The same, written; an address says more than ids, and there is no place for both. */
export function formatUsbHostName({ source: { vendor = 0, product = 0, address } }: HostdevOf<'usb'>): string {
  if (address?.device !== undefined) return `host:${padded(address.bus, 3, 10)}.${padded(address.device, 3, 10)}`
  return `host:${padded(vendor, 4, 16)}:${padded(product, 4, 16)}`
}

const padded = (value: number, digits: number, base: number) => value.toString(base).padStart(digits, '0')
