import type { CallOptions } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { generateName } from '../../host/names.js'
import { Book } from '../../manager/book.js'
import type { Change, ManagedDevice, Step } from '../../manager/change.js'
import { usersWithout } from '../../manager/claim.js'
import { exists } from '../../manager/host-text.js'
import { makeChange } from '../../manager/make-change.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import { readUsbDevice, type UsbDevice } from '../../manager/usb-device.js'
import type { RunningGuest } from './guests.js'
import { type FormerDriver, rememberedDrivers } from './usb-memory.js'
import type { StoredController } from './usb-store.js'
import type { XenHost } from './xen-host.js'
import { userOf } from './xen-user.js'

/** A device on a port of a guest's controller. */
export interface AttachedUsb {
  readonly busId: string
  readonly controller: StoredController
}

/** A part of a change that takes a device back. */
export interface UsbReturn {
  readonly device: ManagedDevice
  readonly steps: readonly Step[]
  readonly records: Change['records']
}

/**
 * Takes USB devices back from a guest, as one change; each interface goes to the driver that xenstore remembers, whoever
 * wrote that. Answers to `libxl_device_usbdev_remove`.
 *
 * @throws VirtError `timeout` when the backend does not let go
 */
export async function detachUsb(
  host: XenHost,
  managed: ManagedHost,
  guest: RunningGuest,
  attached: readonly AttachedUsb[],
  { signal }: CallOptions,
): Promise<void> {
  const devices = attached.map(({ busId }) => deviceOf(host, busId).managed)
  const options = signal ? { signal } : {}
  await makeChange(managed, { verb: 'unplug', devices, writable: [] }, options, async () => {
    const returns = await Promise.all(attached.map((each) => usbReturn(host, managed, guest, each)))
    return {
      verb: 'unplug',
      devices,
      steps: returns.flatMap(({ steps }) => steps),
      recovery: 'finish',
      records: returns.flatMap(({ records }) => records),
    }
  })
}

/** How one device is taken back. */
export async function usbReturn(
  host: XenHost,
  managed: ManagedHost,
  guest: RunningGuest,
  { busId, controller }: AttachedUsb,
): Promise<UsbReturn> {
  const { managed: device, usb } = deviceOf(host, busId)
  const user = userOf(guest)
  const taking: Step = { device: device.key, do: { take: user } }
  if (!usb) {
    // unplugged: all that is left of it is what xenstore says
    return { device, steps: [taking], records: [{ ...device, inode: 0, users: [] }] }
  }
  const record = await new Book(managed).get(usb)
  const records = [{ ...device, inode: usb.inode, users: usersWithout(record, user) }]
  if (controller.type !== 'pv') return { device, steps: [taking], records }
  const former = await rememberedDrivers(host.store, busId)
  return { device, steps: [...fromUsbback(usb), taking, ...toFormer(host, usb, former)], records }
}

const drivers = '/sys/bus/usb/drivers'

/** dom0's own backend lets go of the interfaces before xenstore says that the guest has no such device. */
const fromUsbback = ({ key: device, interfaces }: UsbDevice): Step[] =>
  [...interfaces].reverse().flatMap(({ sysname, folder, driver }) =>
    driver !== 'usbback'
      ? []
      : [
          {
            device,
            do: { write: `${drivers}/usbback/unbind`, value: sysname, goal: { of: folder, notDriver: 'usbback' } },
            undo: { write: `${drivers}/usbback/bind`, value: sysname, goal: { of: folder, driver: 'usbback' } },
          },
        ],
  )

/** A driver that is gone by now is no reason to keep the device from the host: the kernel finds another, or none. */
const toFormer = (
  { files }: XenHost,
  { key: device, interfaces }: UsbDevice,
  former: readonly FormerDriver[],
): Step[] =>
  interfaces.flatMap(({ sysname, folder }) => {
    const driver = former.find(([name]) => name === sysname)?.[1]
    if (driver === undefined) return []
    if (!exists(files, `${drivers}/${driver}`))
      return [{ device, do: { write: '/sys/bus/usb/drivers_probe', value: sysname } }]
    return [
      {
        device,
        do: { write: `${drivers}/${driver}/bind`, value: sysname, goal: { of: folder, driver } },
        undo: { write: `${drivers}/${driver}/unbind`, value: sysname, goal: { of: folder, notDriver: driver } },
      },
    ]
  })

function deviceOf({ files }: XenHost, busId: string): { managed: ManagedDevice; usb: UsbDevice | undefined } {
  try {
    const usb = readUsbDevice(files, busId)
    return { managed: { key: usb.key, name: usb.name }, usb }
  } catch (error) {
    if (!VirtError.is(error, 'device-missing')) throw error
    return { managed: { key: `usb-${busId}`, name: generateName('usb', busId) }, usb: undefined }
  }
}
