import {
  notXl,
  number,
  readOptions,
  word,
  writeOptions,
  type XlOptions,
  type XlText,
  type XlValues,
  xlText,
} from './xl-options.js'

/** Pieces of a usbdev or usbctrl string (tools/xl/xl_parse.c): empty ones are nothing, blanks before one neither. */
const piecesOf = (text: string): string[] =>
  text
    .split(',')
    .filter((piece) => piece !== '')
    .map((piece) => piece.replace(/^ +/, ''))

const optionText = <O extends XlOptions>(
  noun: string,
  options: O,
  check: (values: XlValues<O>, text: string) => void,
) =>
  xlText<XlValues<O>>(
    noun,
    (text) => {
      const values = readOptions(noun, text, options, piecesOf(text))
      check(values, text)
      return values
    },
    (values) => writeOptions(options, values).join(','),
  )

const deviceOptions = {
  type: word('type', 'hostdev'),
  /** xl reads both in base 0, and libxl keeps 8 bits of them: larger ones would be other devices. */
  hostbus: number('hostbus', 1, 255, 0),
  hostaddr: number('hostaddr', 1, 255, 0),
  /** Position of the controller in `usbctrl`. */
  controller: number('controller', 0, 0x7fff_ffff),
  /** Counted from 1; 0 is any. */
  port: number('port', 0, 31),
} as const

/** A USB device of the host, by bus and address, and where the guest gets it (xl.cfg(5), `usbdev`). */
export interface XlUsbdev extends XlValues<typeof deviceOptions> {}

/** `hostbus=1,hostaddr=6,controller=0,port=1`, as in `usbdev=[…]` (`parse_usbdev_config`). */
export const xlUsbdev: XlText<XlUsbdev> = optionText(
  'usbdev',
  deviceOptions,
  ({ hostbus, hostaddr, controller, port }, text) => {
    if (hostbus === undefined || hostaddr === undefined)
      throw notXl('usbdev', text, 'names no device; give hostbus and hostaddr')
    if (port && controller === undefined)
      throw notXl('usbdev', text, 'has a port of no controller; give the controller')
  },
)

const controllerOptions = {
  type: word('type', 'auto', 'pv', 'qusb', 'devicemodel'),
  version: number('version', 0, 3),
  ports: number('ports', 0, 31),
} as const

/** A USB controller of a guest (xl.cfg(5), `usbctrl`); 0 stands for xl's choice, as absence does. */
export interface XlUsbctrl extends XlValues<typeof controllerOptions> {}

/** `type=qusb,version=2,ports=4`, as in `usbctrl=[…]` (`parse_usbctrl_config`). */
export const xlUsbctrl: XlText<XlUsbctrl> = optionText('usbctrl', controllerOptions, ({ type, version }, text) => {
  if (version === 3 && (type === 'pv' || type === 'qusb'))
    throw notXl('usbctrl', text, 'is paravirtual and of version 3; such ones speak 1 or 2')
})

/** A device given to QEMU's old `-usbdevice`: by bus and device number, in decimal, or by ids. */
export type XlUsbdevice = { bus: number; device: number } | { vendor: number; product: number }

const byAddress = /^host:(\d{1,3})\.(\d{1,3})$/
const byIds = /^host:([\da-f]{1,4}):([\da-f]{1,4})$/i

function parseUsbdevice(text: string): XlUsbdevice {
  const [, bus, device] = byAddress.exec(text) ?? []
  if (bus !== undefined) return { bus: Number(bus), device: Number(device) }
  const [, vendor, product] = byIds.exec(text) ?? []
  if (vendor !== undefined && product !== undefined)
    return { vendor: Number.parseInt(vendor, 16), product: Number.parseInt(product, 16) }
  throw notXl('usbdevice', text, 'is no device of the host; write host:BUS.DEVICE or host:VENDOR:PRODUCT')
}

function writeUsbdevice(device: XlUsbdevice): string {
  const hex4 = (id: number) => id.toString(16).padStart(4, '0')
  if ('vendor' in device) return `host:${hex4(device.vendor)}:${hex4(device.product)}`
  return `host:${String(device.bus).padStart(3, '0')}.${String(device.device).padStart(3, '0')}`
}

/** `host:003.001` or `host:0483:2016`, the historic `usbdevice=`, which QEMU refuses since 7.2. */
export const xlUsbdevice = xlText<XlUsbdevice>('usbdevice', parseUsbdevice, writeUsbdevice)
