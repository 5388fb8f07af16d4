import type { CallOptions } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { generateName } from '../../host/names.js'
import { exists } from '../../host/plain-files.js'
import { Book } from '../../manager/book.js'
import type { Change, Step } from '../../manager/change.js'
import type { ManagedDevice } from '../../manager/host-device.js'
import { makeChange } from '../../manager/make-change.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import { readUsbDevice, type UsbDevice } from '../../manager/usb-device.js'
import type { RunningGuest } from './guests.js'
import type { UsbTaking, UsbWords } from './usb-hand-over.js'
import { type FormerDriver, rememberedDrivers } from './usb-memory.js'
import type { AttachedUsb } from './usb-store.js'
import type { XenHost } from './xen-host.js'
import { userOf } from './xen-user.js'

/** A part of a change that takes devices back. */
export interface UsbReturn {
  readonly devices: readonly ManagedDevice[]
  readonly steps: readonly Step[]
  readonly records: Change['records']
}

/**
 * Takes USB devices back from a guest, as one change; each interface goes to the driver that xenstore remembers,
 * whoever wrote that. What fails is undone: the guest has all of them then. Answers to `libxl_device_usbdev_remove`.
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
  await makeChange(managed, { verb: 'unplug', devices, writable: [] }, options, async () => ({
    verb: 'unplug',
    recovery: 'finish',
    ...(await usbReturn(host, managed, guest, attached)),
  }))
}

/** How devices are taken back: from dom0's backend, then all in one transaction, then to their drivers. */
export async function usbReturn(
  host: XenHost,
  managed: ManagedHost,
  guest: RunningGuest,
  attached: readonly AttachedUsb[],
): Promise<UsbReturn> {
  const parts = await Promise.all(attached.map((each) => returnOf(host, managed, guest, each)))
  const busIds = attached.map(({ busId }) => busId)
  const take = { take: userOf(guest), words: { busIds } satisfies UsbTaking }
  return {
    devices: parts.map(({ device }) => device),
    steps: [
      ...parts.flatMap(({ before }) => before),
      // the transaction is of all of them: each is given again by itself
      ...parts.map(
        ({ device, again }, at): Step => ({
          device: device.key,
          ...(at === parts.length - 1 && { do: take }),
          undo: { give: userOf(guest), words: again },
        }),
      ),
      ...parts.flatMap(({ after }) => after),
    ],
    records: parts.map(({ record }) => record),
  }
}

async function returnOf(
  host: XenHost,
  managed: ManagedHost,
  guest: RunningGuest,
  { busId, controller, port }: AttachedUsb,
) {
  const { managed: device, usb } = deviceOf(host, busId)
  const isPv = controller.type === 'pv'
  const former = isPv ? await rememberedDrivers(host.store, busId) : []
  const place = { controller: controller.index, port }
  const again: UsbWords = { controllers: [], devices: [{ busId, place, drivers: former }] }
  // unplugged: all that is left of it is what xenstore says
  if (!usb) return { device, before: [], again, after: [], record: { ...device, inode: 0, users: [] } }
  const known = await new Book(managed).get(usb, { leaving: userOf(guest) })
  const record = { ...device, inode: usb.inode, users: known?.users ?? [] }
  const [before, after] = isPv ? [fromUsbback(usb), toFormer(host, usb, former)] : [[], []]
  return { device, before, again, after, record }
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
