import { VirtError } from '../errors.js'
import { exists } from '../host/plain-files.js'
import { type Finding, finding } from '../model/finding.js'
import { capabilityOf, type NodeDeviceDef } from '../model/node-device.js'
import { formatPciAddress } from '../model/pci-address.js'
import type { VfConfig } from '../model/vf-config.js'
import { Denied, type HostFiles } from '../os/host-files.js'
import type { Taking as DriverTaking } from './book.js'
import { type HostDevice, sysnameOf } from './host-device.js'
import type { ManagedHost } from './managed-host.js'
import { readMdevDevice } from './mdev-device.js'
import { readPciFunction } from './pci-function.js'
import { planPciTaking } from './pci-taking.js'
import { assignability } from './preflight/assignability.js'
import type { Inventory } from './preflight/inventory.js'
import { useFindings } from './preflight/use-findings.js'
import { readScsiUnit } from './scsi-device.js'
import { readUsbDevice, usbDetachSteps, usbDeviceReady } from './usb-device.js'
import { isStub } from './vfio-driver.js'
import { moduleRemedy } from './vfio-support.js'

/** A device of the host that a guest is to have, whatever its kind. */
export interface Gift {
  readonly device: HostDevice
  /** What has to be writable for it to be taken from its driver. */
  readonly writable: readonly string[]
  /** Looks at it as it is now: what speaks against it, and how it is taken from its driver where that is wanted. */
  look(host: ManagedHost, inventory: Inventory, taking: Taking): Promise<Look>
}

/** Whether the device is to be taken from its driver, and who is to hold it then. */
export interface Taking {
  readonly managed: boolean
  readonly driver?: string | undefined
  /** What the physical function of a network card is to say of it, where it is a virtual one. */
  readonly network?: VfConfig | undefined
}

interface Look extends DriverTaking {
  readonly findings: readonly Finding[]
}

/** What the host itself does with a USB device that ends without harm when a guest gets it. */
const harmless = ['input', 'open']

/**
 * A device of the host as something to give to a guest.
 *
 * @throws VirtError `device-missing`
 */
export function giftOf(files: HostFiles, def: NodeDeviceDef): Gift {
  const pci = capabilityOf(def, 'pci')
  if (pci) return pciGift(files, formatPciAddress(pci))
  if (capabilityOf(def, 'usb_device')) return usbGift(files, def)
  const uuid = capabilityOf(def, 'mdev')?.uuid
  const device = uuid === undefined ? readScsiUnit(files, sysnameOf(def)) : readMdevDevice(files, uuid, def.name)
  return {
    device,
    writable: [],
    look: async (_host, inventory) => ({ ...(await assignability(inventory, def)), driver: '', steps: [] }),
  }
}

function pciGift(files: HostFiles, address: string): Gift {
  const device = readPciFunction(files, address)
  return {
    device,
    writable: [`${device.folder}/driver_override`],
    async look(host, inventory, { managed, driver, network }) {
      const taking = await planPciTaking(host, inventory, address, { driver, network })
      if (managed) return taking
      const { findings } = taking
      if (isStub(files, taking.device)) return { ...taking, steps: [] }
      const { driver: holder } = taking.device
      const what = holder === null ? 'is held for guests by no driver' : `is in use by the host's driver ${holder}`
      const bound = finding('in-use', what, { remedy: "detach it first, or give it managed='yes'" })
      return { driver: '', findings: [...findings, bound], steps: [] }
    },
  }
}

function usbGift(files: HostFiles, def: NodeDeviceDef): Gift {
  const device = readUsbDevice(files, sysnameOf(def))
  return {
    device,
    writable: device.interfaces.filter(({ driver }) => driver !== null).map(({ folder }) => `${folder}/driver/unbind`),
    async look(_host, inventory, { managed }) {
      const { findings } = await assignability(inventory, def)
      const grave = findings.filter(({ code }) => !harmless.includes(code))
      // an attach that a udev rule makes comes before the device is whole
      const whole = grave.length > 0 ? device : await usbDeviceReady(files, sysnameOf(def))
      const steps = managed ? usbDetachSteps(whole) : []
      return { findings: grave, driver: '', steps }
    },
  }
}

/**
 * A target of the kernel's own SCSI server, as something to give to a guest (drivers/vhost/scsi.c). QEMU reaches it by
 * /dev/vhost-scsi, which is checked before it is asked.
 *
 * @throws VirtError `device-missing` for the target, also for what is no WWPN, and for that node
 */
export function vhostGift(files: HostFiles, wwpn: string): Gift {
  const device = vhostTarget(files, wwpn)
  return {
    device,
    writable: [],
    look: async (_host, inventory) => ({ findings: await useFindings(inventory, device, []), driver: '', steps: [] }),
  }
}

const vhostNode = '/dev/vhost-scsi'

function vhostTarget(files: HostFiles, wwpn: string): HostDevice {
  const folder = `/sys/kernel/config/target/vhost/${wwpn}`
  const stat = /^naa\.[\da-f]{16}$/i.test(wwpn) ? files.stat(folder) : undefined
  const name = `vhost target ${wwpn}`
  if (stat === undefined || stat instanceof Denied)
    throw new VirtError('device-missing', `${name} is not on this host; create it with targetcli`, { device: name })
  if (!exists(files, vhostNode)) {
    const isLoaded = exists(files, '/sys/module/vhost_scsi')
    const remedy = isLoaded ? 'in a container: pass it in' : moduleRemedy(files, 'vhost_scsi')
    throw new VirtError('device-missing', `${name} is reached by ${vhostNode}, which is not there; ${remedy}`, {
      device: name,
      path: vhostNode,
    })
  }
  return { key: `vhost-${wwpn}`, name, folder, real: folder, inode: stat.inode }
}
