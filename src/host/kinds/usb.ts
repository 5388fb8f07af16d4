import type { Identified } from '../../model/kinds/pci.js'
import type { UsbDevice } from '../../model/kinds/usb.js'
import { known } from '../../model/known.js'
import type { IdNames } from '../id-database.js'
import { bus, type HostKind } from '../kind.js'
import type { Survey } from '../survey.js'
import type { SysfsDevice } from '../sysfs-device.js'

/** Interfaces are called as their device with configuration and number after a colon: `1-1.2:1.0`. */
const isInterface = (sysname: string): boolean => sysname.includes(':')

/** USB devices, root hubs among them. */
export const usbDevice: HostKind<'usb_device'> = {
  kind: 'usb_device',
  ...bus('usb'),
  node: (device) => device,
  named: (sysname) => !isInterface(sysname),
  read(device, survey) {
    const fixed = survey.host.fixed(device, () => readDescriptor(device))
    if (!fixed) return undefined
    const names = namesOf(device, survey, fixed.vendor, fixed.product)
    return known<UsbDevice>({
      bus: fixed.bus,
      device: fixed.device,
      ...(survey.compat ? {} : { port: fixed.port, serial: fixed.serial }),
      product: identified(fixed.product, names.product ?? fixed.productName),
      vendor: identified(fixed.vendor, names.vendor ?? fixed.manufacturer),
    })
  },
}

/** Devices are called after bus and port: `1-1.2`; root hubs, which are in no port, `usb1` (drivers/usb/core/usb.c). */
const busAndPort = /^(?:usb(\d+)|(\d+)-([\d.]+))$/

function readDescriptor(device: SysfsDevice) {
  const [, rootHub, bus = rootHub, port] = busAndPort.exec(device.sysname) ?? []
  const number = device.number('devnum')
  const vendor = device.number('idVendor', 16)
  const product = device.number('idProduct', 16)
  if (bus === undefined || number === undefined || vendor === undefined || product === undefined) return undefined
  return {
    bus: Number(bus),
    device: number,
    vendor,
    product,
    productName: device.text('product'),
    manufacturer: device.text('manufacturer'),
    port,
    serial: device.text('serial'),
  }
}

const identified = (id: number, name: string | undefined): Identified => ({ id, ...(name !== undefined && { name }) })

/** udev's names, which its database of hardware has from usb.ids; where udevd does not run, those of usb.ids itself. */
function namesOf({ udev }: SysfsDevice, { host, compat }: Survey, vendor: number, product: number): IdNames {
  if (!udev) return compat ? {} : host.usbIds.lookup(vendor, product)
  return known<IdNames>({
    vendor: udev.properties.get('ID_VENDOR_FROM_DATABASE'),
    product: udev.properties.get('ID_MODEL_FROM_DATABASE'),
  })
}

/** Interfaces of USB devices. */
export const usbInterface: HostKind<'usb'> = {
  kind: 'usb',
  ...bus('usb'),
  named: isInterface,
  read(device, { host }) {
    return host.fixed(device, () => {
      const [number, cls, subclass, protocol] = ['Number', 'Class', 'SubClass', 'Protocol'].map((what) =>
        device.number(`bInterface${what}`, 16),
      )
      if (number === undefined || cls === undefined || subclass === undefined || protocol === undefined)
        return undefined
      return { number, class: cls, subclass, protocol }
    })
  },
}
