import { VirtError } from '../errors.js'
import { capabilityOf, type NodeDeviceDef } from '../model/node-device.js'
import { formatPciAddress } from '../model/pci-address.js'

/** What can have a device held for guests from the host's start on. */
export type PersistenceForm = 'driverctl' | 'modprobe' | 'udev'

/**
 * Text that has a PCI device held by vfio-pci after each start of the host, with where it belongs; nothing is
 * installed. driverctl and udev mean the device at its address, modprobe.d all devices with its ids.
 *
 * @throws VirtError `invalid-argument` for what is not PCI
 */
export function persistenceText(def: NodeDeviceDef, form: PersistenceForm): string {
  const pci = capabilityOf(def, 'pci')
  if (!pci) throw new VirtError('invalid-argument', `${def.name} is not a PCI device`, { device: def.name })
  const address = formatPciAddress(pci)
  if (form === 'driverctl') return `driverctl set-override ${address} vfio-pci\n`
  if (form === 'udev')
    return `# /etc/udev/rules.d/10-vfio-${address.replace(/[:.]/g, '-')}.rules
ACTION=="add", SUBSYSTEM=="pci", KERNEL=="${address}", ATTR{driver_override}="vfio-pci", RUN{builtin}+="kmod load vfio-pci"
`
  const hex = (id: number) => id.toString(16).padStart(4, '0')
  const isModule = /^[\w-]+$/.test(def.driver ?? '') && def.driver !== 'vfio-pci'
  const first = isModule ? `softdep ${def.driver} pre: vfio-pci\n` : ''
  return `# /etc/modprobe.d/vfio-${hex(pci.vendor.id)}-${hex(pci.product.id)}.conf: for every device with these ids
options vfio-pci ids=${hex(pci.vendor.id)}:${hex(pci.product.id)}
${first}`
}
