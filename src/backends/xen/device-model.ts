import { VirtError } from '../../errors.js'
import { connectUnix } from '../../os/socket.js'
import type { QmpClient } from '../../wire/qmp/client.js'
import { openMonitor } from '../../wire/qmp/open.js'
import { usbNumbersOf } from './usb-host.js'
import type { UsbPlace } from './usb-ports.js'
import type { StoredController } from './usb-store.js'
import type { XenHost } from './xen-host.js'

/** Opens the monitor of a guest's device model. */
export type OpenMonitor = (domain: number) => Promise<QmpClient>

/** The monitor that libxl has QEMU open for its own use; it takes one client at a time, so it is held no longer than needed. */
export const libxlMonitor: OpenMonitor = async (domain) =>
  await openMonitor(await connectUnix(`/run/xen/qmp-libxl-${domain}`, {}), { timeout: 10_000 })

/** QEMU's name for the controller of each USB version (tools/libs/light/libxl_usb.c). */
const drivers: Readonly<Record<number, string>> = { 1: 'piix3-usb-uhci', 2: 'usb-ehci', 3: 'nec-usb-xhci' }

type Edges = Pick<XenHost, 'files' | 'monitor'>

/** Emulated USB of an HVM guest: what its QEMU is told, in libxl's words, so that libxl can take it back. */
export const deviceModel = {
  async addController(edges: Edges, { domain, index, version, ports }: StoredController): Promise<void> {
    const size = version === 3 ? { p2: ports, p3: ports } : {}
    await ask(edges, domain, 'device_add', { driver: drivers[version], id: `xenusb-${index}`, ...size })
  },

  async removeController(edges: Edges, { domain, index }: StoredController): Promise<void> {
    await remove(edges, domain, `xenusb-${index}`)
  },

  async plug(edges: Edges, domain: number, busId: string, { controller, port }: UsbPlace): Promise<void> {
    const { bus, device } = usbNumbersOf(edges.files, busId)
    await ask(edges, domain, 'device_add', {
      driver: 'usb-host',
      id: `xenusb-${bus}-${device}`,
      bus: `xenusb-${controller}.0`,
      port: String(port),
      hostbus: bus,
      hostaddr: device,
    })
  },

  async unplug(edges: Edges, { domain }: StoredController, busId: string): Promise<void> {
    const { bus, device } = usbNumbersOf(edges.files, busId)
    await remove(edges, domain, `xenusb-${bus}-${device}`)
  },
}

/** Takes a device away; that it is not there is what is wanted. */
async function remove(edges: Edges, domain: number, id: string): Promise<void> {
  try {
    await ask(edges, domain, 'device_del', { id })
  } catch (error) {
    if (!VirtError.is(error) || error.details.qmpClass !== 'DeviceNotFound') throw error
  }
}

async function ask({ monitor }: Edges, domain: number, command: string, args: Record<string, unknown>): Promise<void> {
  const qemu = await monitor(domain)
  try {
    await qemu.execute(command, args)
  } finally {
    qemu.close()
  }
}
