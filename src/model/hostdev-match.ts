import type { HostdevDef } from './hostdev.js'
import type { NodeDeviceDef } from './node-device.js'
import { capabilityOf } from './node-device.js'
import { formatPciAddress, samePciAddress } from './pci-address.js'

/** Whether two defs mean the same device of the host; a USB device known by its ids alone is any with these ids. */
export function sameHostDevice(a: HostdevDef, b: HostdevDef): boolean {
  if (a.kind === 'other' || b.kind === 'other' || a.kind !== b.kind) return false
  if (a.kind === 'usb' && b.kind === 'usb') return sameUsb(a.source, b.source)
  if (a.kind === 'pci' && b.kind === 'pci') return samePciAddress(a.source.address, b.source.address)
  return JSON.stringify(a.source) === JSON.stringify(b.source)
}

type UsbSource = Extract<HostdevDef, { kind: 'usb' }>['source']

function sameUsb(a: UsbSource, b: UsbSource): boolean {
  if (a.address && b.address) return a.address.bus === b.address.bus && a.address.device === b.address.device
  return a.vendor !== undefined && a.vendor === b.vendor && a.product === b.product
}

/** Whether a device of the host is what a def means. Interfaces of containers go by their name on the host. */
export function isHostDevice(device: NodeDeviceDef, def: HostdevDef): boolean {
  switch (def.kind) {
    case 'pci': {
      const pci = capabilityOf(device, 'pci')
      return pci !== undefined && samePciAddress(pci, def.source.address)
    }
    case 'usb': {
      const usb = capabilityOf(device, 'usb_device')
      const { vendor, product, address } = def.source
      return (
        usb !== undefined &&
        (address === undefined || (address.bus === usb.bus && [undefined, usb.device].includes(address.device))) &&
        (vendor === undefined || (vendor === usb.vendor?.id && product === usb.product?.id))
      )
    }
    case 'scsi': {
      const scsi = capabilityOf(device, 'scsi')
      if (def.source.kind !== 'adapter' || scsi === undefined) return false
      const { adapter, address } = def.source
      return (
        adapter === `scsi_host${scsi.host}` &&
        address.bus === scsi.bus &&
        address.target === scsi.target &&
        address.unit === String(scsi.lun)
      )
    }
    case 'mdev':
      return capabilityOf(device, 'mdev')?.uuid === def.source.uuid
    case 'net':
      return capabilityOf(device, 'net')?.interface === def.source.interface
    case 'storage':
      return capabilityOf(device, 'storage')?.block === def.source.block
    case 'misc':
      return device.devnode === def.source.char
    default:
      return false
  }
}

const hex4 = (id: number | undefined) => (id ?? 0).toString(16).padStart(4, '0')

/** What a def means, in words for messages: `PCI device 0000:02:00.0`. */
export function describeHostdev(def: HostdevDef): string {
  switch (def.kind) {
    case 'pci':
      return `PCI device ${formatPciAddress(def.source.address)}`
    case 'usb': {
      const { vendor, product, address } = def.source
      return address ? `USB device ${address.bus}:${address.device}` : `USB device ${hex4(vendor)}:${hex4(product)}`
    }
    case 'scsi': {
      if (def.source.kind !== 'adapter') return 'iSCSI device'
      const { adapter, address } = def.source
      return `SCSI device ${adapter}:${address.bus}:${address.target}:${address.unit}`
    }
    case 'scsi_host':
      return `vhost target ${def.source.wwpn}`
    case 'mdev':
      return `mediated device ${def.source.uuid}`
    case 'net':
      return `interface ${def.source.interface}`
    case 'storage':
      return `block device ${def.source.block}`
    case 'misc':
      return `character device ${def.source.char}`
    case 'other':
      return `host device of type ${def.type}`
  }
}
