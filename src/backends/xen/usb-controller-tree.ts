import { errorDomains, VirtError } from '../../errors.js'
import type { StorePermission } from '../../wire/xenstore/names.js'
import type { StoreView } from '../../wire/xenstore/view.js'
import { removeWithEmptyParents, xenbus } from './device-state.js'
import type { ChosenController } from './usb-controller-choice.js'
import { controllersFolder, type StoredController } from './usb-store.js'

/** The domain that gives its devices. */
const backendDomain = 0

/** Where the two ends of a controller meet. */
export function controllerFolders(domain: number, index: number, type: 'pv' | 'qusb') {
  const kind = type === 'pv' ? 'vusb' : 'qusb'
  return {
    own: `${controllersFolder(domain)}/${index}`,
    // usbif.h says device/qusb for the one that QEMU plays; libxl and Linux' frontend say vusb
    frontend: `/local/domain/${domain}/device/vusb/${index}`,
    backend: `/local/domain/${backendDomain}/backend/${kind}/${domain}/${index}`,
  }
}

/**
 * Writes a new controller, key by key as libxl does (`libxl__device_generic_add`); within a transaction.
 *
 * @throws VirtError `resource-busy` (EAGAIN) when the guest has got one of that number meanwhile
 */
export async function writeController(
  view: StoreView,
  domain: number,
  index: number,
  controller: ChosenController,
): Promise<void> {
  const { type, version, ports } = controller
  const own = `${controllersFolder(domain)}/${index}`
  if ((await view.directory(own)) !== undefined)
    throw new VirtError('resource-busy', `the guest ${domain} has got a USB controller ${index} just now; try again`, {
      errno: 'EAGAIN',
      errorDomain: errorDomains.xen,
    })
  const numbers = Array.from({ length: ports }, (_, i) => [`port/${i + 1}`, ''] as const)
  const shape = [['usb-ver', String(version)], ['num-ports', String(ports)], ['port', ''], ...numbers] as const
  if (type === 'devicemodel') {
    await writeFolder(view, own, ['n0'], [['type', type], ...shape])
    return
  }
  const { frontend, backend } = controllerFolders(domain, index, type)
  const backendKeys = [
    ['frontend-id', String(domain)],
    ['online', '1'],
    ['state', String(xenbus.initialising)],
    ['type', type],
    ...shape,
  ] as const
  await Promise.all([
    writeFolder(view, own, ['n0'], [['frontend', frontend], ['backend', backend], ...backendKeys]),
    writeFolder(
      view,
      frontend,
      [`n${domain}`, `r${backendDomain}`],
      [
        ['backend', backend],
        ['backend-id', String(backendDomain)],
        ['state', String(xenbus.initialising)],
      ],
    ),
    writeFolder(view, backend, [`n${backendDomain}`, `r${domain}`], [['frontend', frontend], ...backendKeys]),
  ])
}

/**
 * Says that a controller is to go: its backend closes then. Answers the state that it was in;
 * `undefined` when it is gone.
 */
export async function closeController(view: StoreView, backend: string): Promise<number | undefined> {
  const state = await view.read(`${backend}/state`)
  if (state === undefined) return undefined
  const isClosed = Number(state) === xenbus.closed
  await Promise.all([
    view.write(`${backend}/online`, '0'),
    ...(isClosed ? [] : [view.write(`${backend}/state`, String(xenbus.closing))]),
  ])
  return Number(state)
}

/** Removes all that there is of a controller; within a transaction. */
export async function removeController(view: StoreView, { domain, index, backend }: StoredController): Promise<void> {
  const own = `${controllersFolder(domain)}/${index}`
  if (backend !== undefined) await removeWithEmptyParents(view, `/local/domain/${domain}/device/vusb/${index}`)
  await removeWithEmptyParents(view, own)
  if (backend !== undefined) await removeWithEmptyParents(view, backend)
}

/** Makes a folder anew. What is made in it inherits its permissions. */
async function writeFolder(
  view: StoreView,
  folder: string,
  permissions: readonly StorePermission[],
  values: readonly (readonly [key: string, value: string])[],
): Promise<void> {
  await Promise.all([
    view.remove(folder),
    view.mkdir(folder),
    view.setPermissions(folder, permissions),
    ...values.map(([key, value]) => view.write(`${folder}/${key}`, value)),
  ])
}
