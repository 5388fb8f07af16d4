import { type HostdevDef, hostdev } from '../../model/hostdev.js'
import { guestInterface } from '../../model/interface.js'
import { hostdevOfInterface } from '../../model/interface-hostdev.js'
import { type UsbControllerDef, usbController } from '../../model/usb-controller.js'
import { parseXml } from '../../xml/parse.js'

/** What of a guest's `<domain>` document is about host devices. */
export interface GuestDevices {
  /** Also those that are interfaces there. */
  readonly hostdevs: HostdevDef[]
  readonly controllers: UsbControllerDef[]
  /** The element that a host device is there. */
  elementOf(def: HostdevDef): string
}

/** Reads the host devices and USB controllers of a guest. */
export function readGuest(xml: string): GuestDevices {
  const devices = parseXml(xml)
    .children.filter(({ name }) => name === 'devices')
    .flatMap(({ children }) => children)
  const isUsb = ({ type }: Readonly<Record<string, string>>) => type === 'usb'
  const interfaces = new Map<HostdevDef, string>()
  const hostdevs = devices.flatMap((element) => {
    if (element.name === 'hostdev') return hostdev.read(element)
    if (element.name !== 'interface' || element.attributes.type !== 'hostdev') return []
    const found = guestInterface.read(element)
    const def = hostdevOfInterface(found)
    if (def) interfaces.set(def, guestInterface.format(found))
    return def ?? []
  })
  return {
    hostdevs,
    elementOf: (def) => interfaces.get(def) ?? hostdev.format(def),
    controllers: devices
      .filter(({ name, attributes }) => name === 'controller' && isUsb(attributes))
      .map((element) => usbController.read(element)),
  }
}
