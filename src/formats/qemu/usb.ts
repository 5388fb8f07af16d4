import type { HostdevOf } from '../../model/hostdev.js'
import { addressProps } from './guest-address.js'
import { bootProps, type QemuOptions } from './options.js'
import { props, type QemuProps } from './props.js'

/** Whether the guest may reset the device, and whether with all its functions (hw/usb/host-libusb.c). */
const resets = {
  off: { 'guest-reset': false },
  uninitialized: { 'guest-reset': true, 'guest-resets-all': false },
  on: { 'guest-reset': true, 'guest-resets-all': true },
} as const

/** Where libvirt puts a guest's first USB device. */
const firstPort = { kind: 'usb', bus: 0, port: '1' } as const

/** A USB device (`qemuBuildUSBHostdevDevProps`): by its place, else by its ids, which QEMU then looks for itself. */
export function usbProps(def: HostdevOf<'usb'>, id: string, options: QemuOptions): QemuProps {
  const { source, boot, address = options.compat ? firstPort : undefined } = def
  return {
    driver: 'usb-host',
    ...placeProps(source, options),
    ...props({ id, ...bootProps(boot) }),
    ...(source.guestReset && resets[source.guestReset]),
    ...addressProps(address, options),
  }
}

/** A device that is missing is one that the guest sees nothing of, and that comes when it is plugged in. */
function placeProps(source: HostdevOf<'usb'>['source'], { usbAddress, legacy }: QemuOptions): QemuProps {
  if (source.missing) return {}
  const place: { bus: number; device?: number; port?: string } | undefined = source.address ?? usbAddress
  if (!place) return props({ vendorid: source.vendor, productid: source.product })
  const { bus, device, port } = place
  if (device === undefined) return props({ hostbus: bus, hostport: port })
  return legacy ? { hostbus: bus, hostaddr: device } : { hostdevice: `/dev/bus/usb/${padded(bus)}/${padded(device)}` }
}

const padded = (number: number) => String(number).padStart(3, '0')
