import { textOf } from '../../host/plain-files.js'
import type { HostdevOf } from '../../model/hostdev.js'
import type { HostFiles } from '../../os/host-files.js'

/** The kernel's name for a USB device: bus, then ports below its root hub. */
export const isBusId = (name: string): boolean => /^\d{1,3}-\d{1,3}(\.\d{1,3}){0,6}$/.test(name)

/** Bus and device number of a USB device; neither once it is unplugged. */
export function usbNumbersOf(files: HostFiles, busId: string): { bus?: number; device?: number } {
  const number = (file: string) => Number.parseInt(textOf(files, `/sys/bus/usb/devices/${busId}/${file}`) ?? '', 10)
  const [bus, device] = [number('busnum'), number('devnum')]
  return Number.isNaN(bus) || Number.isNaN(device) ? {} : { bus, device }
}

/** What a guest is given, by the kernel's name for it. The numbers are missing once it is unplugged. */
export function usbSourceOf(files: HostFiles, busId: string): HostdevOf<'usb'>['source'] {
  const folder = `/sys/bus/usb/devices/${busId}`
  const id = (file: string) => Number.parseInt(textOf(files, `${folder}/${file}`) ?? '', 16)
  const { bus, device } = usbNumbersOf(files, busId)
  if (bus === undefined || device === undefined) return { missing: true, ...placeOf(busId) }
  return { vendor: id('idVendor'), product: id('idProduct'), address: { bus, device } }
}

/** All that is left of a device that was unplugged is where it was. */
function placeOf(busId: string): Pick<HostdevOf<'usb'>['source'], 'address'> {
  const [bus = '0', port = ''] = busId.split('-')
  return { address: { bus: Number(bus), port } }
}
