import { errorDomains, VirtError } from '../../errors.js'
import type { HostdevOf } from '../../model/hostdev.js'
import type { ChosenController } from './usb-controller-choice.js'
import type { StoredController } from './usb-store.js'

/** Where a guest sees a USB device: a controller, and a port of it, counted from 1. */
export interface UsbPlace {
  readonly controller: number
  readonly port: number
}

/** Places for devices, and the controllers that have to be made for them first. */
export interface PortChoice {
  readonly places: readonly UsbPlace[]
  /** Numbers of new controllers. */
  readonly added: readonly number[]
}

/**
 * Finds a port for each of several devices: the one that its def names, else the first free one of the controller that
 * it names, else the first free one of any, else one of a new controller (`libxl__device_usbdev_setdefault`).
 *
 * @param fresh - what a new controller would be
 * @param held - numbers that no new controller can have, besides those of the controllers
 * @throws VirtError `device-missing` for a controller that is not there, `config-unsupported` for a port that it does
 * not have, `resource-busy` for one that is taken, or when all are
 */
export function choosePorts(
  controllers: readonly StoredController[],
  addresses: readonly HostdevOf<'usb'>['address'][],
  fresh: () => ChosenController,
  held: readonly number[] = [],
): PortChoice {
  const taken = new Map(controllers.map(({ index, devices }) => [index, new Set(devices.keys())]))
  const ports = new Map(controllers.map((each) => [each.index, each.ports]))
  // libxl would take one of a controller in another domain, and fail on it
  const usable = controllers.filter(({ backendDomain }) => backendDomain === 0).map(({ index }) => index)
  const added: number[] = []

  const freePort = (controller: number): number | undefined => {
    for (let port = 1; port <= (ports.get(controller) ?? 0); port++) if (!taken.get(controller)?.has(port)) return port
    return undefined
  }
  const add = (): number => {
    const index = nextIndex([...ports.keys(), ...held])
    ports.set(index, fresh().ports)
    taken.set(index, new Set())
    usable.push(index)
    added.push(index)
    return index
  }
  const placeFor = (address: HostdevOf<'usb'>['address']): UsbPlace => {
    if (address?.kind !== 'usb') {
      const controller = usable.find((index) => freePort(index) !== undefined) ?? add()
      return { controller, port: freePort(controller) ?? 1 }
    }
    const { bus: controller = 0, port } = address
    const has = ports.get(controller)
    if (has === undefined)
      throw refusal('device-missing', `there is no USB controller ${controller}; attach one, or leave it out`)
    if (!usable.includes(controller))
      throw refusal('config-unsupported', `the USB controller ${controller} belongs to another domain than dom0`)
    const wanted = port === undefined ? freePort(controller) : Number(port)
    if (wanted === undefined)
      throw refusal('resource-busy', `all ${has} ports of the USB controller ${controller} are taken`)
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > has)
      throw refusal('config-unsupported', `the USB controller ${controller} has no port ${port}; it has 1 to ${has}`)
    if (taken.get(controller)?.has(wanted))
      throw refusal('resource-busy', `port ${wanted} of the USB controller ${controller} is taken`)
    return { controller, port: wanted }
  }
  const places = addresses.map((address) => {
    const place = placeFor(address)
    taken.get(place.controller)?.add(place.port)
    return place
  })
  return { places, added }
}

/**
 * The number of a new controller: one more than the highest. libxl takes one more than the last that xenstore lists,
 * which may be there already where xenstore sorts by name.
 */
export const nextIndex = (indices: readonly number[]): number => Math.max(-1, ...indices) + 1

const refusal = (code: 'device-missing' | 'config-unsupported' | 'resource-busy', what: string): VirtError =>
  new VirtError(code, `the device cannot be attached: ${what}`, { errorDomain: errorDomains.xen })
