import type { CallOptions } from '../../backend.js'
import { errorDomains, VirtError } from '../../errors.js'
import { Book } from '../../manager/book.js'
import type { Change, Step } from '../../manager/change.js'
import { usersWith } from '../../manager/claim.js'
import { makeChange, refuseFor } from '../../manager/make-change.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import { takeInventory } from '../../manager/preflight/inventory.js'
import { usbFindings } from '../../manager/preflight/usb-findings.js'
import { readUsbDevice, type UsbDevice, usbDetachSteps, usbDeviceReady } from '../../manager/usb-device.js'
import type { HostdevOf } from '../../model/hostdev.js'
import type { RunningGuest } from './guests.js'
import { chooseController } from './usb-controller-choice.js'
import { heldNumbers, nameOf, needDeviceModel, surroundingsOf } from './usb-controllers.js'
import { controllerKey, type UsbWords } from './usb-hand-over.js'
import { marked } from './usb-mark.js'
import { choosePorts } from './usb-ports.js'
import { readAllControllers, type StoredController } from './usb-store.js'
import type { XenHost } from './xen-host.js'
import { userOf } from './xen-user.js'

/** A USB device that is to be given to a guest. */
export interface UsbGift {
  /** The kernel's name for it. */
  readonly busId: string
  /** Where the guest is to see it; anywhere unless told. */
  readonly address?: HostdevOf<'usb'>['address']
}

/** What the host does with a USB device that ends without harm when a guest gets it. */
const harmless = ['input', 'open']

/**
 * Gives a guest USB devices, as one change: dom0's drivers are written down, xenstore is told of all in one
 * transaction, with a new controller where no port is free; for a backend in dom0's kernel each interface then goes to
 * usbback. What fails is undone. Answers to `libxl_device_usbdev_add`, and its checks.
 *
 * @throws VirtError `operation-invalid` for a hub, for what another guest has, and for what the host needs itself; and
 * what {@link choosePorts} throws
 */
export async function attachUsb(
  host: XenHost,
  managed: ManagedHost,
  guest: RunningGuest,
  gifts: readonly UsbGift[],
  { signal }: CallOptions,
): Promise<void> {
  const options = signal ? { signal } : {}
  const devices = gifts.map(({ busId }) => readUsbDevice(host.files, busId))
  const writable = devices.flatMap(({ interfaces }) => interfaces.map(({ folder }) => `${folder}/driver/unbind`))
  const plan = async (mark: string): Promise<Change> => {
    const user = userOf(guest)
    const [inventory, controllers] = await Promise.all([
      takeInventory(managed, { for: 'xen', ...options }),
      readAllControllers(host.store),
    ])
    const records: Change['records'][number][] = []
    for (const device of devices) {
      refuseAssigned(device, controllers)
      const findings = await usbFindings(inventory, device)
      refuseFor(
        device,
        findings.filter(({ code }) => !harmless.includes(code)),
      )
      const { key, name, inode } = device
      const record = await new Book(managed).get(device)
      records.push({ key, name, inode, users: usersWith(record, device, user) })
    }
    const own = controllers.filter(({ domain }) => domain === guest.id)
    const surroundings = await surroundingsOf(host, guest)
    const controller = chooseController({}, surroundings)
    const addresses = gifts.map(({ address }) => address)
    let choice = choosePorts(own, addresses, () => controller)
    if (choice.added.length > 0 && controller.type !== 'pv') {
      await needDeviceModel(host, guest, controller.type)
      choice = choosePorts(own, addresses, () => controller, await heldNumbers(host, guest, controller.type))
    }
    const { places, added } = choice
    const fresh = added.map((index) => ({ index, ...controller }))
    const types = new Map([...own, ...fresh].map(({ index, type }) => [index, type]))
    const whole = await Promise.all(devices.map(({ sysname }) => usbDeviceReady(host.files, sysname, options)))
    const isPv = (at: number) => types.get(places[at]?.controller ?? -1) === 'pv'
    const words: UsbWords = {
      mark,
      controllers: fresh,
      devices: whole.map((device, at) => ({
        busId: device.sysname,
        place: places[at] ?? { controller: 0, port: 1 },
        drivers: isPv(at) ? formerDrivers(device) : [],
      })),
    }
    return {
      verb: 'attach',
      devices: [
        ...devices.map(({ key, name }) => ({ key, name })),
        ...fresh.map(({ index }) => ({ key: controllerKey(guest.id, index), name: nameOf(guest, index) })),
      ],
      steps: [
        ...fresh.map(({ index }): Step => ({ device: controllerKey(guest.id, index), undo: { take: user, words } })),
        // the transaction is of all of them: each is taken back by itself
        ...devices.map(
          ({ key }, at): Step => ({
            device: key,
            ...(at === devices.length - 1 && { do: { give: user, words } }),
            undo: { take: user, words },
          }),
        ),
        ...whole.flatMap((device, at) => (isPv(at) ? usbbackSteps(device) : [])),
      ],
      recovery: 'undo',
      records,
    }
  }
  const intent = { verb: 'attach', devices, writable } as const
  await marked(host.store, (mark) => makeChange(managed, intent, options, () => plan(mark)))
}

/** @throws VirtError `operation-invalid` when xenstore says that a guest has it */
function refuseAssigned({ name, sysname }: UsbDevice, controllers: readonly StoredController[]): void {
  const holder = controllers.find(({ devices }) => [...devices.values()].includes(sysname))
  if (holder)
    throw new VirtError(
      'operation-invalid',
      `${name} is in use by the guest ${holder.domain} of Xen, on its USB controller ${holder.index}; detach it there first`,
      { device: name, domain: String(holder.domain), errorDomain: errorDomains.xen },
    )
}

const usbback = '/sys/bus/usb/drivers/usbback'

const formerDrivers = ({ interfaces }: UsbDevice) =>
  interfaces.flatMap(({ sysname, driver }) =>
    driver === null || driver === 'usbback' ? [] : [[sysname, driver] as const],
  )

/** Has dom0's own backend take every interface, which it does not by itself. */
function usbbackSteps(device: UsbDevice): Step[] {
  const interfaces = device.interfaces.filter(({ driver }) => driver !== 'usbback')
  return [
    ...usbDetachSteps({ ...device, interfaces }),
    ...interfaces.map(({ sysname, folder }) => ({
      device: device.key,
      do: { write: `${usbback}/bind`, value: sysname, goal: { of: folder, driver: 'usbback' } },
      undo: { write: `${usbback}/unbind`, value: sysname, goal: { of: folder, notDriver: 'usbback' } },
    })),
  ]
}
