import type { PciDevice } from '../../../model/kinds/pci.js'
import type { Capability, NodeDeviceDef } from '../../../model/node-device.js'
import { formatPciAddress, toPciAddress } from '../../../model/pci-address.js'

/** The pieces ready hosts are built of; names, paths and links as the kernel and udev would make them. */

const named = (...parts: string[]): string => parts.join('_').replace(/[^A-Za-z0-9]/g, '_')

const device = (
  name: string,
  parent: NodeDeviceDef | undefined,
  last: string,
  capability: Capability,
  rest: Partial<NodeDeviceDef> = {},
): NodeDeviceDef => ({
  name,
  path: `${parent?.path ?? '/sys/devices/pci0000:00'}/${last}`,
  parent: parent?.name ?? 'computer',
  ...rest,
  capabilities: [capability],
})

/** The root of every host. */
export const computer = (vendor: string, product: string, uuid: string): NodeDeviceDef => ({
  name: 'computer',
  capabilities: [{ kind: 'system', product, hardware: { vendor, uuid }, firmware: { vendor, version: '1.0' } }],
})

/** What is told of a PCI function; the rest follows from it. */
export interface PciPart extends Partial<Omit<PciDevice, 'iommuGroup' | 'vendor' | 'product'>> {
  /** Vendor and product id as lspci shows them, `8086:10c9`, and their names. */
  id: string
  vendor: string
  product: string
  driver?: string
  /** IOMMU group, and the addresses that share it with this one. */
  group?: number
  with?: readonly string[]
}

/** A PCI function: `pci('0000:01:00.0', { … }, bridge)`. */
export function pci(address: string, part: PciPart, parent?: NodeDeviceDef): NodeDeviceDef {
  const { id, vendor, product, driver, group, with: others = [], ...rest } = part
  const [vendorId = 0, productId = 0] = id.split(':').map((digits) => Number.parseInt(digits, 16))
  const own = toPciAddress(address)
  const addresses = [address, ...others].sort().map(toPciAddress)
  const capability: Capability = {
    kind: 'pci',
    ...own,
    product: { id: productId, name: product },
    vendor: { id: vendorId, name: vendor },
    ...(group !== undefined && { iommuGroup: { number: group, addresses } }),
    ...rest,
  }
  return device(
    named('pci', formatPciAddress(own)),
    parent,
    address,
    capability,
    driver === undefined ? {} : { driver },
  )
}

/** A USB device on a port, `3-1.2`, or a root hub, `usb3`. */
export function usb(
  port: string,
  number: number,
  part: { id: string; vendor: string; product: string; serial?: string; driver?: string },
  parent: NodeDeviceDef,
): NodeDeviceDef {
  const bus = Number(/\d+/.exec(port)?.[0])
  const [vendorId = 0, productId = 0] = part.id.split(':').map((digits) => Number.parseInt(digits, 16))
  const digits = (value: number) => String(value).padStart(3, '0')
  return device(
    named('usb', port),
    parent,
    port,
    {
      kind: 'usb_device',
      bus,
      device: number,
      ...(port.includes('-') && { port: port.replace(/^\d+-/, '') }),
      ...(part.serial !== undefined && { serial: part.serial }),
      product: { id: productId, name: part.product },
      vendor: { id: vendorId, name: part.vendor },
    },
    { devnode: `/dev/bus/usb/${digits(bus)}/${digits(number)}`, driver: part.driver ?? 'usb' },
  )
}

/** An interface of a USB device; class numbers of usb.org. */
export const usbInterface = (of: NodeDeviceDef, number: number, usbClass: number, driver: string): NodeDeviceDef => {
  const port = `${of.path?.split('/').at(-1) ?? ''}:1.${number}`
  const capability: Capability = { kind: 'usb', number, class: usbClass, subclass: 0, protocol: 0 }
  return device(named('usb', port), of, port, capability, { driver })
}

/** A network interface; without a parent it is a virtual one. */
export function net(
  interfaceName: string,
  address: string,
  parent?: NodeDeviceDef,
  part: { state?: 'up' | 'down' | 'unknown'; speed?: number; wireless?: boolean } = {},
): NodeDeviceDef {
  const { state = 'up', speed, wireless = false } = part
  const def = device(named('net', interfaceName, address), parent, `net/${interfaceName}`, {
    kind: 'net',
    interface: interfaceName,
    address,
    link: { state, ...(speed !== undefined && { speed }) },
    subtype: wireless ? '80211' : '80203',
  })
  return parent ? def : { ...def, path: `/sys/devices/virtual/net/${interfaceName}` }
}

/** A disk or CD drive. */
export function disk(
  name: string,
  parent: NodeDeviceDef,
  part: { bus?: string; model: string; vendor?: string; serial: string; gib?: number },
): NodeDeviceDef {
  const size = (part.gib ?? 0) * 2 ** 30
  const { bus, model, vendor, serial } = part
  return device(
    named('block', name, serial),
    parent,
    `block/${name}`,
    {
      kind: 'storage',
      block: `/dev/${name}`,
      ...(bus !== undefined && { bus }),
      driveType: part.gib === undefined ? 'cdrom' : 'disk',
      model,
      ...(vendor !== undefined && { vendor }),
      serial,
      ...(part.gib === undefined
        ? { removable: { mediaAvailable: false, mediaSize: 0 } }
        : { size, logicalBlockSize: 512, numBlocks: size / 512 }),
    },
    { devnode: `/dev/${name}`, devlinks: [`/dev/disk/by-id/${bus ?? 'virtio'}-${serial}`] },
  )
}

/** A SCSI host adapter. */
export const scsiHost = (
  number: number,
  parent: NodeDeviceDef,
  part: Omit<Extract<Capability, { kind: 'scsi_host' }>, 'kind' | 'host'> = {},
): NodeDeviceDef =>
  device(`scsi_host${number}`, parent, `host${number}`, { kind: 'scsi_host', host: number, uniqueId: number, ...part })

/** A logical unit, with the target above it. */
export function scsi(address: string, parent: NodeDeviceDef, type: string): [NodeDeviceDef, NodeDeviceDef] {
  const [host = 0, bus = 0, target = 0, lun = 0] = address.split(':').map(Number)
  const at = `target${host}:${bus}:${target}`
  const above = device(named('scsi', at), parent, at, { kind: 'scsi_target', target: at })
  const unit: Capability = { kind: 'scsi', host, bus, target, lun, type }
  return [above, device(named('scsi', address), above, address, unit, { driver: type === 'cdrom' ? 'sr' : 'sd' })]
}

/** Nodes of a graphics card. */
export const drm = (number: number, parent: NodeDeviceDef): NodeDeviceDef[] => [
  device(
    `drm_card${number}`,
    parent,
    `drm/card${number}`,
    { kind: 'drm', type: 'primary' },
    { devnode: `/dev/dri/card${number}` },
  ),
  device(
    `drm_renderD${128 + number}`,
    parent,
    `drm/renderD${128 + number}`,
    { kind: 'drm', type: 'render' },
    { devnode: `/dev/dri/renderD${128 + number}` },
  ),
]
