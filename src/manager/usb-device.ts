import { delay } from '../async/deadline.js'
import type { CallOptions } from '../backend.js'
import { VirtError } from '../errors.js'
import { generateName } from '../host/names.js'
import { exists, namesIn, textOf } from '../host/plain-files.js'
import type { HostFiles } from '../os/host-files.js'
import type { Step } from './change.js'
import { driverOf } from './goal.js'
import { type HostDevice, hostDevice } from './host-device.js'

/** A USB device, as far as it matters for giving it away. */
export interface UsbDevice extends HostDevice {
  /** The kernel's name, `1-1.2`: bus and ports. */
  readonly sysname: string
  readonly isHub: boolean
  /** Its node: /dev/bus/usb/001/005. */
  readonly node: string
  /** Interfaces of the configuration that is set, in the order of their numbers. */
  readonly interfaces: readonly UsbInterface[]
}

interface UsbInterface {
  readonly sysname: string
  readonly folder: string
  readonly driver: string | null
}

const bus = '/sys/bus/usb'
/** bDeviceClass of a hub; Universal Serial Bus Specification 2.0, section 11.23.1. */
const hubClass = '09'

/** Reads a USB device by the kernel's name for it. @throws VirtError `device-missing` */
export function readUsbDevice(files: HostFiles, sysname: string): UsbDevice {
  const device = hostDevice(files, 'usb', sysname, generateName('usb', sysname))
  const { folder, real } = device
  const number = (file: string) => (textOf(files, `${folder}/${file}`) ?? '').padStart(3, '0')
  const interfaces = namesIn(files, real)
    .filter((entry) => entry.startsWith(`${sysname}:`))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
  return {
    ...device,
    sysname,
    isHub: textOf(files, `${folder}/bDeviceClass`) === hubClass,
    node: `/dev/bus/usb/${number('busnum')}/${number('devnum')}`,
    interfaces: interfaces.map((entry) => {
      const itsFolder = `${bus}/devices/${entry}`
      return { sysname: entry, folder: itsFolder, driver: driverOf({ files }, itsFolder) }
    }),
  }
}

/**
 * Waits until a device that was just plugged in is whole: all interfaces of its configuration are there, and udev has
 * made its node. An attach from a udev rule comes too early otherwise.
 *
 * @throws VirtError `timeout` after 5 seconds unless told; `device-missing` when it is unplugged
 */
export async function usbDeviceReady(
  files: HostFiles,
  sysname: string,
  { signal, timeout = 5000 }: CallOptions & { timeout?: number } = {},
): Promise<UsbDevice> {
  const end = performance.now() + timeout
  for (;;) {
    const device = readUsbDevice(files, sysname)
    const expected = Number(textOf(files, `${device.folder}/bNumInterfaces`) || 0)
    if (device.interfaces.length >= expected && expected > 0 && exists(files, device.node)) return device
    if (performance.now() > end)
      throw new VirtError('timeout', `${device.name} is not ready after ${timeout} ms: no ${device.node}`, {
        device: device.name,
        path: device.node,
      })
    await delay(20, signal)
  }
}

/**
 * Takes every interface of a device from its driver. The last goes first, so that the reverse gives drivers back from
 * the first on: those that want several interfaces, as cdc_acm does, take them all with it.
 */
export const usbDetachSteps = ({ key: device, interfaces }: UsbDevice): Step[] =>
  [...interfaces].reverse().flatMap(({ sysname, folder, driver }) =>
    driver === null
      ? []
      : [
          {
            device,
            do: { write: `${bus}/drivers/${driver}/unbind`, value: sysname, goal: { of: folder, notDriver: driver } },
            undo: { write: `${bus}/drivers/${driver}/bind`, value: sysname, goal: { of: folder, driver } },
          },
        ],
  )

/** Has the kernel find a driver for each interface that has none. */
export const usbReleaseSteps = ({ key: device, interfaces }: UsbDevice): Step[] =>
  interfaces
    .filter(({ driver }) => driver === null)
    .map(({ sysname }) => ({ device, do: { write: `${bus}/drivers_probe`, value: sysname } }))
