import { errorDomains, VirtError } from '../../errors.js'
import type { HostdevOf } from '../../model/hostdev.js'
import { isBusId, usbSourceOf } from './usb-host.js'
import { readControllers } from './usb-store.js'
import type { DeviceKind, XenHost } from './xen-host.js'

/** USB devices of guests: each sits on a port of a controller. */
export const usbDevices = ({ store, files }: XenHost): DeviceKind => ({
  kind: 'usb',
  async list({ id }) {
    const controllers = await readControllers(store, id)
    return controllers.flatMap(({ index, devices }) =>
      [...devices]
        .filter(([, busId]) => isBusId(busId))
        .map(
          ([port, busId]): HostdevOf<'usb'> => ({
            kind: 'usb',
            managed: true,
            source: usbSourceOf(files, busId),
            alias: aliasOf(index, port),
            address: { kind: 'usb', bus: index, port: String(port) },
          }),
        ),
    )
  },
  async attach() {
    throw unfinished()
  },
  async detach() {
    throw unfinished()
  },
})

/** By controller and port, which is all that xenstore knows a guest's USB device by. */
const aliasOf = (controller: number, port: number): string => `vusb-${controller}-${port}`

const unfinished = (): VirtError =>
  new VirtError('unsupported', 'USB devices cannot be attached or detached yet', { errorDomain: errorDomains.xen })
