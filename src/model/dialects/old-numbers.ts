import type { Text } from '../../xml/text.js'
import { formatPciAddress, type PciAddress, parsePciAddress } from '../pci-address.js'

const isNatural = (value: number, maximum: number) => Number.isInteger(value) && value >= 0 && value <= maximum

/** Hexadecimal digits without a prefix, as lspci and lsusb print them: `1f`, `0483`. */
export const bareHex = (digits: number, maximum: number): Text<number> => ({
  is: `a hexadecimal number up to ${maximum.toString(16)}`,
  from(text) {
    const value = /^(?:0x)?[\da-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) : Number.NaN
    return value <= maximum ? value : undefined
  },
  to: (value) => (isNatural(value, maximum) ? value.toString(16).padStart(digits, '0') : undefined),
  schema: { type: 'integer', minimum: 0, maximum },
})

const padded = (value: number, digits: number) => String(value).padStart(digits, '0')

/** Decimal digits, written with zeros before them: `003`. */
export const paddedDecimal = (digits: number): Text<number> => ({
  is: 'a decimal number',
  from: (text) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined),
  to: (value) => (isNatural(value, 999_999_999) ? padded(value, digits) : undefined),
  schema: { type: 'integer', minimum: 0 },
})

/** Where a USB device is plugged in. */
export interface BusDevice {
  bus: number
  device: number
}

/** `003.001`: bus and device in decimal digits, as usbdevfs names its files. */
export const busDevice: Text<BusDevice> = {
  is: 'a bus and a device like 003.001',
  from(text) {
    const [, bus, device] = /^(\d{1,9})\.(\d{1,9})$/.exec(text) ?? []
    return bus === undefined ? undefined : { bus: Number(bus), device: Number(device) }
  },
  to: ({ bus, device }) =>
    [bus, device].every((part) => isNatural(part, 999_999_999)) ? `${padded(bus, 3)}.${padded(device, 3)}` : undefined,
  schema: { type: 'object' },
}

/** `00:1f.3`, of domain 0; with another domain before it, `0001:00:1f.3`. */
export const pciName: Text<PciAddress> = {
  is: 'a PCI address like 00:1f.3',
  from: parsePciAddress,
  to(address) {
    const name = formatPciAddress(address)
    return parsePciAddress(name) && name.replace(/^0000:/, '')
  },
  schema: { type: 'object' },
}

/** `0:0:0:0`: controller, bus, target and unit of a SCSI device in the guest. */
export const driveName: Text<{ controller: number; bus: number; target: number; unit: number }> = {
  is: 'a SCSI address like 0:0:0:0',
  from(text) {
    const numbers = /^\d{1,9}(:\d{1,9}){3}$/.test(text) ? text.split(':').map(Number) : undefined
    if (!numbers) return undefined
    const [controller = 0, bus = 0, target = 0, unit = 0] = numbers
    return { controller, bus, target, unit }
  },
  to(drive) {
    const { controller, bus, target, unit } = drive
    const parts = [controller, bus, target, unit]
    return parts.every((part) => isNatural(part, 999_999_999)) ? parts.join(':') : undefined
  },
  schema: { type: 'object' },
}
