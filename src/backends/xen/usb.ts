import { errorDomains, VirtError } from '../../errors.js'
import { sysnameOf } from '../../manager/host-device.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import type { HostdevDef, HostdevOf } from '../../model/hostdev.js'
import { describeHostdev, isHostDevice } from '../../model/hostdev-match.js'
import { attachUsb } from './usb-attach.js'
import { detachUsb } from './usb-detach.js'
import { isBusId, usbSourceOf } from './usb-host.js'
import { type AttachedUsb, readControllers, type StoredController } from './usb-store.js'
import type { DeviceKind, XenHost } from './xen-host.js'

/** USB devices of guests: each sits on a port of a controller. */
export const usbDevices = (host: XenHost): DeviceKind => ({
  kind: 'usb',
  async list({ id }) {
    const controllers = await readControllers(host.store, id)
    return controllers.flatMap((controller) => portsOf(controller).map((attached) => defOf(host, attached)))
  },
  async attach(guest, defs, options) {
    const gifts = await Promise.all(
      defs.map(async (def) => {
        const usb = asUsb(def)
        return { busId: await busIdOf(host, usb, options.signal), address: usb.address }
      }),
    )
    // two defs may mean one device, the one by its ids and the other by its numbers
    const distinct = gifts.filter(({ busId }, at) => gifts.findIndex((gift) => gift.busId === busId) === at)
    await attachUsb(host, changeable(host), guest, distinct, options)
    const there = (await readControllers(host.store, guest.id)).flatMap(portsOf)
    return gifts.map(({ busId }, at) => {
      const attached = there.find((each) => each.busId === busId)
      return attached ? defOf(host, attached) : asUsb(defs[at] as HostdevDef)
    })
  },
  async detach(guest, defs, options) {
    const there = (await readControllers(host.store, guest.id)).flatMap(portsOf)
    const aliases = new Set(defs.map((def) => asUsb(def).alias))
    const attached = there.filter(({ controller, port }) => aliases.has(aliasOf(controller.index, port)))
    await detachUsb(host, changeable(host), guest, attached, options)
  },
})

/** The host as one that can be changed. @throws VirtError `unsupported` where it cannot be */
export function changeable({ managed }: XenHost): ManagedHost {
  if (managed) return managed
  throw new VirtError('unsupported', 'a copy of a host cannot be changed', { errorDomain: errorDomains.xen })
}

/** The ports that have a device; what is no name of one is somebody else's matter. */
const portsOf = (controller: StoredController): AttachedUsb[] =>
  [...controller.devices].flatMap(([port, busId]) => (isBusId(busId) ? [{ controller, port, busId }] : []))

const defOf = ({ files }: XenHost, { controller, port, busId }: AttachedUsb): HostdevOf<'usb'> => ({
  kind: 'usb',
  managed: false,
  source: usbSourceOf(files, busId),
  alias: aliasOf(controller.index, port),
  address: { kind: 'usb', bus: controller.index, port: String(port) },
})

/** By controller and port, which is all that xenstore knows a guest's USB device by. */
const aliasOf = (controller: number, port: number): string => `vusb-${controller}-${port}`

function asUsb(def: HostdevDef): HostdevOf<'usb'> {
  if (def.kind === 'usb') return def
  throw new VirtError('internal', `${describeHostdev(def)} is no USB device`)
}

/**
 * The kernel's name for the one device that a def means.
 *
 * @throws VirtError `device-missing` for none, `ambiguous` with the candidates for several
 */
async function busIdOf({ devices }: XenHost, def: HostdevOf<'usb'>, signal: AbortSignal | undefined): Promise<string> {
  const { address } = def.source
  const found: string[] = []
  for await (const device of devices.defs({ capability: 'usb_device' }, signal ? { signal } : {})) {
    const busId = sysnameOf(device)
    const isThere = address?.port === undefined || busId === `${address.bus}-${address.port}`
    if (isThere && isHostDevice(device, def)) found.push(busId)
  }
  const [busId] = found
  if (busId !== undefined && found.length === 1) return busId
  const what = describeHostdev(def)
  if (busId === undefined) throw new VirtError('device-missing', `${what} is not on this host; is it plugged in?`)
  throw new VirtError('ambiguous', `${found.length} devices are ${what}; give the address of the one that is meant`, {
    candidates: found,
  })
}
