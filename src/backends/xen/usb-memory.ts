import type { StoreView } from '../../wire/xenstore/view.js'
import { removeWithEmptyParents } from './device-state.js'

// Where libxl remembers from which driver it has taken an interface (Chunyan Liu's PVUSB series of 2016). Paths of
// xenstore take neither a full stop nor a colon.

const encoded = (name: string): string => name.replaceAll('.', '_').replaceAll(':', '@')
const decoded = (name: string): string => name.replaceAll('_', '.').replaceAll('@', ':')

const folderOf = (busId: string): string => `/libxl/usbback/${encoded(busId)}`

const driversFolder = '/sys/bus/usb/drivers/'

/** An interface of a USB device and the driver that it was taken from. */
export type FormerDriver = readonly [interfaceName: string, driver: string]

/** Remembers the drivers of a device's interfaces; those that had none are not told of. */
export async function rememberDrivers(view: StoreView, busId: string, drivers: readonly FormerDriver[]): Promise<void> {
  await Promise.all(
    drivers.map(([name, driver]) =>
      view.write(`${folderOf(busId)}/${encoded(name)}/driver_path`, `${driversFolder}${driver}`),
    ),
  )
}

/** The drivers that are remembered, by us or by libxl; what is no driver's folder is left out. */
export async function rememberedDrivers(view: StoreView, busId: string): Promise<FormerDriver[]> {
  const names = (await view.directory(folderOf(busId))) ?? []
  const paths = await Promise.all(names.map((name) => view.read(`${folderOf(busId)}/${name}/driver_path`)))
  return names.flatMap((name, at) => {
    const path = paths[at]
    const driver = path?.startsWith(driversFolder) ? path.slice(driversFolder.length) : ''
    return /^[\w-][\w.:+ -]*$/.test(driver) ? [[decoded(name), driver] as const] : []
  })
}

export const forgetDrivers = (view: StoreView, busId: string): Promise<void> =>
  removeWithEmptyParents(view, folderOf(busId))
