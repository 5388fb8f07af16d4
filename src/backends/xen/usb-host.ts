import { textOf } from '../../manager/host-text.js'
import type { HostdevOf } from '../../model/hostdev.js'
import type { HostFiles } from '../../os/host-files.js'

/** The kernel's name for a USB device: bus, then ports below its root hub. */
export const isBusId = (name: string): boolean => /^\d{1,3}-\d{1,3}(\.\d{1,3}){0,6}$/.test(name)

/** What a guest is given, by the kernel's name for it. The numbers are missing once it is unplugged. */
export function usbSourceOf(files: HostFiles, busId: string): HostdevOf<'usb'>['source'] {
  const folder = `/sys/bus/usb/devices/${busId}`
  const number = (file: string, base: number) => Number.parseInt(textOf(files, `${folder}/${file}`) ?? '', base)
  const [bus, device] = [number('busnum', 10), number('devnum', 10)]
  if (Number.isNaN(bus) || Number.isNaN(device)) return { missing: true, ...placeOf(busId) }
  return { vendor: number('idVendor', 16), product: number('idProduct', 16), address: { bus, device } }
}

/** All that is left of a device that was unplugged is where it was. */
function placeOf(busId: string): Pick<HostdevOf<'usb'>['source'], 'address'> {
  const [bus = '0', port = ''] = busId.split('-')
  return { address: { bus: Number(bus), port } }
}
