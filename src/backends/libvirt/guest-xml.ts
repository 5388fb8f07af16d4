import { type HostdevDef, hostdev } from '../../model/hostdev.js'
import { type UsbControllerDef, usbController } from '../../model/usb-controller.js'
import { parseXml } from '../../xml/parse.js'

/** What of a guest's `<domain>` document is about host devices. */
export interface GuestDevices {
  readonly hostdevs: HostdevDef[]
  readonly controllers: UsbControllerDef[]
}

/** Reads the host devices and USB controllers of a guest. */
export function readGuest(xml: string): GuestDevices {
  const devices = parseXml(xml)
    .children.filter(({ name }) => name === 'devices')
    .flatMap(({ children }) => children)
  const isUsb = ({ type }: Readonly<Record<string, string>>) => type === 'usb'
  return {
    hostdevs: devices.filter(({ name }) => name === 'hostdev').map((element) => hostdev.read(element)),
    controllers: devices
      .filter(({ name, attributes }) => name === 'controller' && isUsb(attributes))
      .map((element) => usbController.read(element)),
  }
}
