import { errorDomains, VirtError } from '../../errors.js'
import type { Guests as HandOver } from '../../manager/guests.js'
import { readUsbDevice } from '../../manager/usb-device.js'
import { deviceModel } from './device-model.js'
import { isSoon, waitForState, xenbus } from './device-state.js'
import type { ChosenController } from './usb-controller-choice.js'
import { controllerClosed } from './usb-controller-close.js'
import { closeController, controllerFolders, removeController, writeController } from './usb-controller-tree.js'
import { type FormerDriver, forgetDrivers, rememberDrivers } from './usb-memory.js'
import type { UsbPlace } from './usb-ports.js'
import { type AttachedUsb, readController, readControllers, type StoredController } from './usb-store.js'
import type { XenHost } from './xen-host.js'
import { domainOf } from './xen-user.js'

/** What a guest is given in one transaction. Plain JSON, since the journal keeps it. */
export interface UsbWords {
  /**
   * A node that says that the transaction was made, for as long as the change lasts: only then is there anything to
   * undo. Absent where what was taken is given again.
   */
  readonly mark?: string
  readonly controllers: readonly (ChosenController & { readonly index: number })[]
  readonly devices: readonly {
    /** The kernel's name for it. */
    readonly busId: string
    readonly place: UsbPlace
    /** From which drivers it is taken for dom0's own backend. */
    readonly drivers: readonly FormerDriver[]
  }[]
}

/** Devices that are taken from a guest in one transaction. */
export interface UsbTaking {
  readonly busIds: readonly string[]
}

type Edges = Pick<XenHost, 'store' | 'files' | 'run' | 'monitor' | 'patience'>

/** How a controller of a guest is called where devices that are changed have a key. */
export const controllerKey = (domain: number, index: number): string => `vusb-${domain}-${index}`

/** The index of the controller that a key is of; `undefined` for a device's. */
export const controllerIn = (key: string): number | undefined => {
  const index = /^vusb-\d+-(\d+)$/.exec(key)?.[1]
  return index === undefined ? undefined : Number(index)
}
const busIdIn = (key: string): string => key.slice('usb-'.length)

/** The devices that are to be taken: those of one transaction, of which the one of the key is the last, or it alone. */
export const busIdsIn = (key: string, words: unknown): readonly string[] =>
  (words as Partial<UsbTaking> | undefined)?.busIds ?? [busIdIn(key)]

/** Gives USB devices and controllers to guests and takes them back, for changes of the host of which that is a step. */
export const usbHandOver = (edges: Edges): HandOver => ({
  async has(user, { key }) {
    const [domain, index] = [domainOf(user), controllerIn(key)]
    if (index !== undefined) return (await readController(edges.store, domain, index)) !== undefined
    return (await portsWith(edges.store, domain, [busIdIn(key)])).length > 0
  },
  give: (user, _device, words) => give(edges, domainOf(user), words as UsbWords),
  async take(user, { key }, words) {
    const [domain, index] = [domainOf(user), controllerIn(key)]
    const mark = (words as Partial<UsbWords> | undefined)?.mark
    // somebody else may have given the guest the same meanwhile
    if (mark !== undefined && (await edges.store.read(mark)) === undefined) return
    if (index === undefined) await takeDevices(edges, domain, busIdsIn(key, words))
    else await takeController(edges, domain, index)
  },
})

/**
 * Where a guest has devices, in the order asked for; one is in two places only if somebody wrote to xenstore by hand.
 */
export async function portsWith(
  store: XenHost['store'],
  domain: number,
  busIds: readonly string[],
): Promise<AttachedUsb[]> {
  const controllers = await readControllers(store, domain)
  return busIds.flatMap((busId) =>
    controllers.flatMap((controller) =>
      [...controller.devices].flatMap(([port, name]) => (name === busId ? [{ busId, controller, port }] : [])),
    ),
  )
}

async function give(edges: Edges, domain: number, { mark, controllers, devices }: UsbWords): Promise<void> {
  const { store } = edges
  const added = new Set(controllers.map(({ index }) => index))
  const targets = new Map<number, StoredController>()
  await store.transaction(async (view) => {
    if (mark !== undefined) await view.write(mark, '')
    await Promise.all(controllers.map(({ index, ...controller }) => writeController(view, domain, index, controller)))
    const wanted = [...new Set(devices.map(({ place }) => place.controller))]
    for (const there of await Promise.all(wanted.map((index) => readController(view, domain, index))))
      if (there) targets.set(there.index, there)
    for (const { busId, place, drivers } of devices) {
      const target = targets.get(place.controller)
      // what QEMU was to let go of, and did not, is there still
      if (!target || (target.devices.get(place.port) ?? busId) !== busId) throw overtaken(domain, place)
      await Promise.all([
        view.write(`${target.portFolder}/${place.port}`, busId),
        ...(target.type === 'pv' ? [rememberDrivers(view, busId, drivers)] : []),
      ])
    }
  })
  for (const { index, type } of controllers) await startController(edges, domain, index, type)
  for (const [index, target] of targets) {
    const own = devices.filter(({ place }) => place.controller === index)
    if (target.type === 'devicemodel')
      for (const { busId, place } of own) await deviceModel.plug(edges, domain, busId, place)
    // a backend that has only just been told has no guest at its other end yet, and takes the devices when it has
    else if (target.type === 'qusb' && !added.has(index))
      await claimed(
        edges,
        target,
        own.map(({ busId }) => busId),
      )
  }
}

/** The backend has to take a new controller up; libxl leaves one that it does not in xenstore. */
async function startController(edges: Edges, domain: number, index: number, type: ChosenController['type']) {
  if (type === 'devicemodel') {
    const controller = await readController(edges.store, domain, index)
    if (controller) await deviceModel.addController(edges, controller)
    return
  }
  const { initWait, initialised, connected } = xenbus
  const { backend } = controllerFolders(domain, index, type)
  await waitForState(edges.store, backend, [initWait, initialised, connected], { timeout: edges.patience })
}

async function takeDevices(edges: Edges, domain: number, busIds: readonly string[]): Promise<void> {
  const places = await portsWith(edges.store, domain, busIds)
  // first, unlike libxl: once xenstore has forgotten them nobody finds what a change that was killed has left in QEMU
  for (const { controller, port } of places)
    if (controller.type === 'devicemodel')
      await deviceModel.unplug(edges, domain, { controller: controller.index, port })
  const kept = places.filter(({ controller }) => controller.type === 'pv').map(({ busId }) => busId)
  await edges.store.transaction(async (view) => {
    await Promise.all(places.map(({ controller, port }) => view.write(`${controller.portFolder}/${port}`, '')))
    // each may leave a folder empty that another has a part in
    for (const busId of kept) await forgetDrivers(view, busId)
  })
  const byQemu = places.filter(({ controller }) => controller.type === 'qusb').map(({ busId }) => busId)
  await released(edges, domain, byQemu)
}

async function takeController(edges: Edges, domain: number, index: number): Promise<void> {
  const { store } = edges
  const controller = await readController(store, domain, index)
  if (!controller) return
  if (controller.devices.size > 0)
    throw new VirtError(
      'operation-invalid',
      `the USB controller ${index} of the guest ${domain} has devices; detach them first`,
      { errorDomain: errorDomains.xen },
    )
  const { backend } = controller
  if (backend === undefined) await deviceModel.removeController(edges, controller)
  else {
    const state = await store.transaction((view) => closeController(view, backend))
    // one that no backend has taken up has nobody who could close it
    if (state !== undefined && state !== xenbus.initialising) await controllerClosed(edges, controller, backend)
  }
  await store.transaction((view) => removeController(view, controller))
}

/** Waits until QEMU has taken devices from dom0's drivers; while no guest is at the other end it does not. */
async function claimed(edges: Edges, controller: StoredController, busIds: readonly string[]): Promise<void> {
  const { backend, index, domain } = controller
  const isConnected = async () => Number(await edges.store.read(`${backend}/state`)) === xenbus.connected
  const waiting = () =>
    busIds.filter((busId) => driversOf(edges, busId).some((driver) => driver !== null && driver !== 'usbfs'))
  if (!(await isConnected()) || (await isSoon(edges, () => waiting().length === 0)) || !(await isConnected())) return
  throw late(
    edges,
    `the device model of the guest ${domain} has not taken ${waiting().join(', ')} to its USB controller ${index}`,
  )
}

/** Waits until QEMU has let go of devices; dom0's drivers take them by themselves then. */
async function released(edges: Edges, domain: number, busIds: readonly string[]): Promise<void> {
  const waiting = () => busIds.filter((busId) => driversOf(edges, busId).includes('usbfs'))
  if (!(await isSoon(edges, () => waiting().length === 0)))
    throw late(edges, `the device model of the guest ${domain} does not let go of ${waiting().join(', ')}`)
}

const late = ({ patience }: Edges, complaint: string): VirtError =>
  new VirtError('timeout', `${complaint} within ${patience} ms; its log may say why`, { errorDomain: errorDomains.xen })

/** The drivers of a device's interfaces; none when it is unplugged. */
function driversOf({ files }: Edges, busId: string): (string | null)[] {
  try {
    return readUsbDevice(files, busId).interfaces.map(({ driver }) => driver)
  } catch (error) {
    if (VirtError.is(error, 'device-missing')) return []
    throw error
  }
}

const overtaken = (domain: number, { controller, port }: UsbPlace): VirtError =>
  new VirtError(
    'resource-busy',
    `port ${port} of the USB controller ${controller} of the guest ${domain} was taken by somebody else just now; try again`,
    { errno: 'EAGAIN', errorDomain: errorDomains.xen },
  )
