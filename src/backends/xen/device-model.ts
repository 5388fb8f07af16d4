import { errorDomains, VirtError } from '../../errors.js'
import type { HostFiles } from '../../os/host-files.js'
import { connectUnix } from '../../os/socket.js'
import type { QmpClient } from '../../wire/qmp/client.js'
import { isObject } from '../../wire/qmp/json-reader.js'
import { openMonitor } from '../../wire/qmp/open.js'
import { isSoon } from './device-state.js'
import { usbNumbersOf } from './usb-host.js'
import type { UsbPlace } from './usb-ports.js'
import type { StoredController } from './usb-store.js'

/** Opens the monitor of a guest's device model. */
export type OpenMonitor = (domain: number) => Promise<QmpClient>

/**
 * The monitor that libxl has QEMU open for its own use; it takes one client at a time, so it is
 * held no longer than needed.
 */
export const libxlMonitor: OpenMonitor = async (domain) =>
  await openMonitor(await connectUnix(`/run/xen/qmp-libxl-${domain}`, {}), { timeout: 10_000 })

/** QEMU's name for the controller of each USB version (tools/libs/light/libxl_usb.c). */
const drivers: Readonly<Record<number, string>> = { 1: 'piix3-usb-uhci', 2: 'usb-ehci', 3: 'nec-usb-xhci' }

interface Edges {
  readonly files: HostFiles
  readonly monitor: OpenMonitor
  /** Milliseconds that a guest has to let go of a controller. */
  readonly patience: number
}

/** Emulated USB of an HVM guest: what its QEMU is told, in libxl's words, so that libxl can take it back. */
export const deviceModel = {
  async addController(edges: Edges, { domain, index, version, ports }: StoredController): Promise<void> {
    const size = version === 3 ? { p2: ports, p3: ports } : {}
    const device = { driver: drivers[version], id: `xenusb-${index}`, ...size }
    await withMonitor(edges, domain, (qemu) => qemu.execute('device_add', device))
  },

  /**
   * Ends when QEMU has it no more: a controller is a PCI device, which the guest's system is asked by ACPI to let go
   * of. libxl does not wait for that.
   *
   * @throws VirtError `timeout` when the guest keeps it
   */
  async removeController(edges: Edges, { domain, index }: StoredController): Promise<void> {
    await withMonitor(edges, domain, (qemu) => remove(qemu, `xenusb-${index}`))
    // xl can reach QEMU meanwhile: the monitor is opened for each look
    const isGone = async () => !(await deviceModel.controllers(edges, domain)).includes(index)
    if (await isSoon(edges, isGone)) return
    throw new VirtError(
      'timeout',
      `the guest ${domain} does not let go of its USB controller ${index} within ${edges.patience} ms; ` +
        'is it paused, or has it no system that takes part in ACPI hot-plug?',
      { errorDomain: errorDomains.xen },
    )
  },

  /** Numbers of the controllers that QEMU has; xenstore does not tell those that a guest has not let go of yet. */
  async controllers(edges: Edges, domain: number): Promise<number[]> {
    const names = await withMonitor(edges, domain, deviceNames)
    return names.flatMap((name) => {
      const index = /^xenusb-(\d+)$/.exec(name)?.[1]
      return index === undefined ? [] : [Number(index)]
    })
  },

  /** What is on that port already is what is wanted. @throws VirtError `device-missing` when it is unplugged */
  async plug(edges: Edges, domain: number, busId: string, place: UsbPlace): Promise<void> {
    const { bus, device } = usbNumbersOf(edges.files, busId)
    if (bus === undefined || device === undefined)
      throw new VirtError('device-missing', `${busId} was unplugged before the guest could have it`, {
        errorDomain: errorDomains.xen,
      })
    const { controller, port } = place
    await withMonitor(edges, domain, async (qemu) => {
      if ((await deviceAt(qemu, place)) !== undefined) return
      await qemu.execute('device_add', {
        driver: 'usb-host',
        id: `xenusb-${bus}-${device}`,
        bus: `xenusb-${controller}.0`,
        port: String(port),
        hostbus: bus,
        hostaddr: device,
      })
    })
  },

  /** Whatever is on that port: the number by which the device was given is not the one that it has after a replug. */
  async unplug(edges: Edges, domain: number, place: UsbPlace): Promise<void> {
    await withMonitor(edges, domain, async (qemu) => {
      const id = await deviceAt(qemu, place)
      if (id !== undefined) await remove(qemu, id)
    })
  },
}

/** QEMU's name for the device on a port of a controller, as libxl calls them, or we. */
async function deviceAt(qemu: QmpClient, { controller, port }: UsbPlace): Promise<string | undefined> {
  const names = await deviceNames(qemu)
  for (const name of names.filter((each) => /^xenusb-\d+-\d+$/.test(each))) {
    const path = `/machine/peripheral/${name}`
    const [bus, place] = await Promise.all(
      ['parent_bus', 'port'].map((property) => qemu.execute('qom-get', { path, property })),
    )
    if (String(bus).startsWith(`/machine/peripheral/xenusb-${controller}/`) && place === String(port)) return name
  }
  return undefined
}

/** QEMU's names for the devices that it was given by name. */
async function deviceNames(qemu: QmpClient): Promise<string[]> {
  const devices = await qemu.execute('qom-list', { path: '/machine/peripheral' })
  return (Array.isArray(devices) ? devices : []).map((each) => (isObject(each) ? String(each.name) : ''))
}

/** Takes a device away; that it is not there, or going already, is what is wanted. */
async function remove(qemu: QmpClient, id: string): Promise<void> {
  try {
    await qemu.execute('device_del', { id })
  } catch (error) {
    const isGoing = VirtError.is(error) && /already in the process of unplug/.test(error.message)
    if (!isGoing && (!VirtError.is(error) || error.details.qmpClass !== 'DeviceNotFound')) throw error
  }
}

async function withMonitor<T>({ monitor }: Edges, domain: number, work: (qemu: QmpClient) => Promise<T>): Promise<T> {
  const qemu = await monitor(domain)
  try {
    return await work(qemu)
  } finally {
    qemu.close()
  }
}
