import type { CallOptions } from '../../backend.js'
import { errorDomains, VirtError } from '../../errors.js'
import { exists } from '../../host/plain-files.js'
import type { Change } from '../../manager/change.js'
import { makeChange } from '../../manager/make-change.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import type { UsbControllerDef } from '../../model/usb-controller.js'
import { deviceModel } from './device-model.js'
import type { RunningGuest } from './guests.js'
import { type ControllerSurroundings, chooseController } from './usb-controller-choice.js'
import { usbReturn } from './usb-detach.js'
import { controllerKey } from './usb-hand-over.js'
import { marked } from './usb-mark.js'
import { nextIndex } from './usb-ports.js'
import { readController, readControllers, type StoredController } from './usb-store.js'
import type { XenHost } from './xen-host.js'
import { userOf } from './xen-user.js'

/** libvirt's names for the controllers that QEMU is given for each version (tools/libs/light/libxl_usb.c). */
const models: Readonly<Record<number, string>> = { 1: 'piix3-uhci', 2: 'ehci', 3: 'nec-xhci' }

/** A controller in libvirt's words. */
export function controllerDef({ index, type, version, ports }: StoredController): UsbControllerDef {
  const model = type === 'devicemodel' ? models[version] : undefined
  const isVersion = version === 1 || version === 2 || version === 3
  return { index, type, ...(isVersion && { version }), ports, ...(model !== undefined && { model }) }
}

/** The same, with how its two ends have come together. */
export async function controllerStatus({ store }: XenHost, controller: StoredController): Promise<UsbControllerDef> {
  const { domain, index, type, backendDomain } = controller
  const folder = `/local/domain/${domain}/device/vusb/${index}`
  const state = type === 'devicemodel' ? undefined : await store.read(`${folder}/state`)
  return { ...controllerDef(controller), backend: backendDomain, state: Number(state ?? 0) }
}

/** What a new controller of a guest depends on. */
export async function surroundingsOf({ store, files }: XenHost, { id }: RunningGuest): Promise<ControllerSurroundings> {
  const guest = (await store.read(`/libxl/${id}/type`)) ?? 'pv'
  return { guest, hasUsbback: exists(files, '/sys/bus/usb/drivers/usbback') }
}

/**
 * Gives a guest a USB controller, as one change, and ends when its backend has taken it up
 * (`libxl_device_usbctrl_add`). Unlike libxl it leaves nothing of one that no backend takes.
 *
 * @throws VirtError `config-unsupported`, `operation-invalid` for a number that is taken, `operation-unsupported` where
 * nobody would play it, `timeout` when its backend does not answer
 */
export async function attachController(
  host: XenHost,
  managed: ManagedHost,
  guest: RunningGuest,
  def: UsbControllerDef,
  { signal }: CallOptions,
): Promise<UsbControllerDef> {
  const controller = chooseController(def, await surroundingsOf(host, guest))
  if (controller.type !== 'pv') await needDeviceModel(host, guest, controller.type)
  const existing = (await readControllers(host.store, guest.id)).map((each) => each.index)
  const held = await heldNumbers(host, guest, controller.type)
  const index = def.index ?? nextIndex([...existing, ...held])
  const device = { key: controllerKey(guest.id, index), name: nameOf(guest, index) }
  const intent = { verb: 'attach', devices: [device], writable: [] } as const
  const user = userOf(guest)
  const plan = async (mark: string): Promise<Change> => {
    if (held.includes(index) && !existing.includes(index))
      throw new VirtError(
        'resource-busy',
        `${device.name} is one that the guest has not let go of yet; leave its index out`,
        { domain: guest.name, errorDomain: errorDomains.xen },
      )
    if (await readController(host.store, guest.id, index))
      throw new VirtError('operation-invalid', `${device.name} is there already; leave its index out`, {
        domain: guest.name,
        errorDomain: errorDomains.xen,
      })
    const words = { mark, controllers: [{ index, ...controller }], devices: [] }
    const steps = [{ device: device.key, do: { give: user, words }, undo: { take: user, words } }]
    return { ...intent, steps, recovery: 'undo', records: [] }
  }
  await marked(host.store, (mark) => makeChange(managed, intent, signal ? { signal } : {}, () => plan(mark)))
  const made = await readController(host.store, guest.id, index)
  return made ? controllerDef(made) : { ...def, index }
}

/**
 * Takes a USB controller back with every device on it, as one change (`libxl_device_usbctrl_remove`).
 *
 * @throws VirtError `device-missing` when the guest has no such controller
 */
export async function detachController(
  host: XenHost,
  managed: ManagedHost,
  guest: RunningGuest,
  index: number,
  { signal }: CallOptions,
): Promise<void> {
  const controller = await readController(host.store, guest.id, index)
  if (!controller)
    throw new VirtError('device-missing', `the guest ${guest.name} has no USB controller ${index}`, {
      domain: guest.name,
      errorDomain: errorDomains.xen,
    })
  const attached = [...controller.devices].map(([port, busId]) => ({ busId, controller, port }))
  const back = () => usbReturn(host, managed, guest, attached)
  const own = { key: controllerKey(guest.id, index), name: nameOf(guest, index) }
  const intent = { verb: 'unplug', devices: [...(await back()).devices, own], writable: [] } as const
  await makeChange(managed, intent, signal ? { signal } : {}, async () => {
    const { steps, records } = await back()
    return {
      ...intent,
      steps: [...steps, { device: own.key, do: { take: userOf(guest) } }],
      recovery: 'finish',
      records,
    }
  })
}

/** How a controller is called in messages. */
export const nameOf = ({ name }: RunningGuest, index: number): string => `USB controller ${index} of ${name}`

/**
 * The numbers that the guest's QEMU has for controllers: xenstore may have forgotten some that the guest still sees.
 */
export const heldNumbers = async (host: XenHost, { id }: RunningGuest, type: string): Promise<number[]> =>
  type === 'devicemodel' ? await deviceModel.controllers(host, id) : []

/** @throws VirtError `operation-unsupported` when the guest has no QEMU, or one that cannot play the controller */
export async function needDeviceModel(
  { store }: XenHost,
  { id, name }: RunningGuest,
  type: 'qusb' | 'devicemodel',
): Promise<void> {
  const own = `/local/domain/${id}/image`
  const [state, plays, stubDomain] = await Promise.all([
    store.read(`/local/domain/0/device-model/${id}/state`),
    store.read(`/local/domain/0/device-model/${id}/backends/qusb`),
    store.read(`${own}/device-model-domid`),
  ])
  const refuse = (why: string) =>
    new VirtError('operation-unsupported', `the guest ${name} can have no USB controller of type ${type}: ${why}`, {
      domain: name,
      errorDomain: errorDomains.xen,
    })
  if (type === 'devicemodel' && stubDomain !== undefined)
    throw refuse('its device model runs in a stub domain, where it has no devices of dom0; use type qusb')
  if (state !== 'running')
    throw refuse('it has no device model that runs; start it with a usbctrl in its xl.cfg, or load usbback for type pv')
  if (type === 'qusb' && plays === undefined) throw refuse('its QEMU has no such backend; it is built without libusb')
}
