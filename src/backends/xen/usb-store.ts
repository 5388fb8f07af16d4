import { errorDomains, VirtError } from '../../errors.js'
import type { UsbControllerType } from '../../model/usb-controller.js'
import type { StoreView } from '../../wire/xenstore/view.js'

/** A USB controller of a guest, as xenstore has it (tools/libs/light/libxl_usb.c). */
export interface StoredController {
  /** Number of the guest. */
  readonly domain: number
  readonly index: number
  readonly type: UsbControllerType
  readonly version: number
  readonly ports: number
  /** Folder of the backend, whose domain has the device; none where the device model plays the controller. */
  readonly backend: string | undefined
  /** The domain that the backend is in; libxl gives USB devices of dom0 only. */
  readonly backendDomain: number
  /** Folder with a node for each port, which names the device on it. */
  readonly portFolder: string
  /** The kernel's name of the device on each port that has one, such as `3-1.2`; also on ports beyond the last. */
  readonly devices: ReadonlyMap<number, string>
}

/** A device on a port of a guest's controller. */
export interface AttachedUsb {
  /** The kernel's name for it. */
  readonly busId: string
  readonly controller: StoredController
  readonly port: number
}

/** Where libxl keeps what it alone may write of a guest's controllers. */
export const controllersFolder = (domain: number): string => `/libxl/${domain}/device/vusb`

const backendShape = /^\/local\/domain\/(\d+)\/backend\/(?:vusb|qusb)\/\d+\/\d+$/

/** The controllers of a guest, by their numbers. */
export async function readControllers(store: StoreView, domain: number): Promise<StoredController[]> {
  const indices = ((await store.directory(controllersFolder(domain))) ?? []).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(indices.map((index) => readController(store, domain, Number(index))))
  return found.filter((each) => each !== undefined).sort((a, b) => a.index - b.index)
}

/** The controllers of all guests. */
export async function readAllControllers(store: StoreView): Promise<StoredController[]> {
  const domains = ((await store.directory('/libxl')) ?? []).filter((name) => /^\d+$/.test(name))
  return (await Promise.all(domains.map((domain) => readControllers(store, Number(domain))))).flat()
}

/** One of them; `undefined` when it is not there. */
export async function readController(
  store: StoreView,
  domain: number,
  index: number,
): Promise<StoredController | undefined> {
  const own = `${controllersFolder(domain)}/${index}`
  const [type, backend] = await Promise.all([store.read(`${own}/type`), store.read(`${own}/backend`)])
  if (type === undefined) return undefined
  if (type !== 'pv' && type !== 'qusb' && type !== 'devicemodel') throw nonsense(own, `the type ${type}`)
  const backendDomain = backend === undefined ? 0 : Number(backendShape.exec(backend)?.[1] ?? Number.NaN)
  if (Number.isNaN(backendDomain)) throw nonsense(own, `the backend ${backend}`)

  const folder = type === 'devicemodel' ? own : (backend ?? own)
  const portFolder = `${folder}/port`
  const [version, ports, names] = await Promise.all([
    store.read(`${folder}/usb-ver`),
    store.read(`${folder}/num-ports`),
    store.directory(portFolder),
  ])
  const numbers = (names ?? [])
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
  const values = await Promise.all(numbers.map((port) => store.read(`${portFolder}/${port}`)))
  const devices = new Map<number, string>()
  for (const [at, port] of numbers.entries()) if (values[at]) devices.set(port, values[at])
  return {
    domain,
    index,
    type,
    version: Number(version ?? 0),
    ports: Number(ports ?? 0),
    backend: type === 'devicemodel' ? undefined : backend,
    backendDomain,
    portFolder,
    devices,
  }
}

const nonsense = (path: string, what: string): VirtError =>
  new VirtError(
    'operation-failed',
    `${path}: xenstore says ${JSON.stringify(what.slice(0, 100))}, which is no USB controller's`,
    {
      path,
      errorDomain: errorDomains.xen,
    },
  )
