import { VirtError } from '../../errors.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { parsePciAddress } from '../../model/pci-address.js'
import { addressOf, isOn, usbPorts, whole, wrongProperty } from './guest-address.js'
import type { QemuProps } from './props.js'

/** What QEMU was given: of the devices the last is the host device. */
export interface QemuGiven {
  devices: readonly QemuProps[]
  blockdevs?: readonly QemuProps[]
}

/**
 * The hostdev that QEMU's words mean. Of a SCSI device QEMU knows the node, `sg3`, and not the address; of a secret
 * not which one of libvirt's it was.
 *
 * @throws VirtError `config-unsupported` for devices that are no host devices
 */
export function fromQemu({ devices, blockdevs = [] }: QemuGiven): HostdevDef {
  const device = devices.at(-1)
  const read = readers.get(String(device?.driver))
  if (!device || !read)
    throw new VirtError(
      'config-unsupported',
      `${JSON.stringify(String(device?.driver ?? '').slice(0, 100))} is no host device of QEMU`,
    )
  const def = read(device, blockdevs)
  const zpci = devices.find(({ driver, target }) => driver === 'zpci' && target === device.id)
  const place = addressOf(device)
  const address =
    place?.kind === 'pci' && zpci
      ? { ...place, zpci: { uid: whole(zpci, 'uid', 0xffff), fid: whole(zpci, 'fid') } }
      : place
  return { ...def, ...info(device), ...(address && { address }) } as HostdevDef
}

/** Reads the device's own properties. */
type Reader = (device: QemuProps, blockdevs: readonly QemuProps[]) => HostdevDef

const vhost = (model: 'virtio' | 'virtio-transitional' | 'virtio-non-transitional'): Reader => {
  return ({ wwpn }) => ({
    kind: 'scsi_host',
    managed: false,
    model,
    source: { protocol: 'vhost', wwpn: text(wwpn, 'wwpn') },
  })
}

const readers: ReadonlyMap<string, Reader> = new Map(
  Object.entries({
    'vfio-pci': vfioPci,
    'vfio-pci-nohotplug': vfioPci,
    'vfio-ccw': (device) => mdev('vfio-ccw', device),
    'vfio-ap': (device) => mdev('vfio-ap', device),
    'usb-host': usb,
    'scsi-generic': scsi,
    'vhost-scsi-pci': vhost('virtio'),
    'vhost-scsi-ccw': vhost('virtio'),
    'vhost-scsi-pci-transitional': vhost('virtio-transitional'),
    'vhost-scsi-pci-non-transitional': vhost('virtio-non-transitional'),
  }),
)

function vfioPci(device: QemuProps): HostdevDef {
  const { host, iommufd } = device
  if (host === undefined) return mdev('vfio-pci', device)
  const address = parsePciAddress(text(host, 'host'))
  if (!address) throw wrong('host', host)
  return {
    kind: 'pci',
    managed: false,
    ...screen(device),
    ...(iommufd !== undefined && { driver: { iommufd: true } }),
    source: { address },
    ...(device.failover_pair_id !== undefined && {
      teaming: { kind: 'transient', persistent: text(device.failover_pair_id, 'failover_pair_id') },
    }),
  }
}

function mdev(model: 'vfio-pci' | 'vfio-ccw' | 'vfio-ap', device: QemuProps): HostdevDef {
  const [, uuid] = /^\/sys\/bus\/mdev\/devices\/([\da-f-]{36})$/i.exec(text(device.sysfsdev, 'sysfsdev')) ?? []
  if (uuid === undefined) throw wrong('sysfsdev', device.sysfsdev)
  return { kind: 'mdev', managed: false, model, ...screen(device), source: { uuid: uuid.toLowerCase() } }
}

const screen = ({ display, ramfb }: QemuProps) => ({
  ...(display !== undefined && display !== 'auto' && { display: isOn(display) }),
  ...(ramfb !== undefined && { ramfb: isOn(ramfb) }),
})

function usb(device: QemuProps): HostdevDef {
  const { hostdevice, hostbus, hostaddr, hostport, vendorid, productid } = device
  const [, bus, number] = /^\/dev\/bus\/usb\/(\d{1,10})\/(\d{1,10})$/.exec(String(hostdevice ?? '')) ?? []
  if (hostdevice !== undefined && bus === undefined) throw wrong('hostdevice', hostdevice)
  const byNumber = {
    ...(hostaddr !== undefined && { device: whole(device, 'hostaddr') }),
    ...(hostport !== undefined && { port: usbPorts(device, 'hostport') }),
  }
  const address =
    bus !== undefined
      ? { bus: Number(bus), device: Number(number) }
      : hostbus !== undefined
        ? { bus: whole(device, 'hostbus'), ...byNumber }
        : undefined
  return {
    kind: 'usb',
    managed: false,
    source: {
      ...guestReset(device),
      ...(vendorid !== undefined &&
        productid !== undefined && {
          vendor: whole(device, 'vendorid', 0xffff),
          product: whole(device, 'productid', 0xffff),
        }),
      ...(address && { address }),
    },
  }
}

function guestReset({ 'guest-reset': reset, 'guest-resets-all': all }: QemuProps) {
  if (reset === undefined) return {}
  return { guestReset: !isOn(reset) ? 'off' : all !== undefined && !isOn(all) ? 'uninitialized' : 'on' } as const
}

function scsi(device: QemuProps, blockdevs: readonly QemuProps[]): HostdevDef {
  const backend = blockdevs.find((each) => each['node-name'] === device.drive)
  if (!backend)
    throw new VirtError('config-unsupported', `scsi-generic uses ${String(device.drive)}, whose -blockdev is not given`)
  const readonly = isOn(backend['read-only']) ? { readonly: true as const } : {}
  if (backend.driver === 'iscsi') return { kind: 'scsi', managed: false, source: iscsi(backend), ...readonly }
  const [, name] = /^\/dev\/(sg\d+)$/.exec(text(backend.filename, 'filename')) ?? []
  if (name === undefined) throw wrong('filename', backend.filename)
  return { kind: 'scsi', managed: false, source: { kind: 'generic', name }, ...readonly }
}

function iscsi(backend: QemuProps) {
  const portal = text(backend.portal, 'portal')
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|(.*?))(?::(\d+))?$/s.exec(portal) ?? []
  const name = bracketed ?? plain
  if (name === undefined || Number(port ?? 0) > 0xffff) throw wrongProperty('portal', portal, 'a host and a port')
  const initiator = backend['initiator-name']
  if (backend.user !== undefined)
    throw new VirtError(
      'config-unsupported',
      `the iSCSI target asks for ${String(backend.user)}, whose secret QEMU does not name`,
    )
  return {
    kind: 'iscsi' as const,
    name: `${text(backend.target, 'target')}/${backend.lun === undefined ? 0 : whole(backend, 'lun')}`,
    hosts: [{ name, ...(Number(port) > 0 && { port: Number(port) }) }],
    ...(initiator !== undefined && { initiator: String(initiator) }),
  }
}

/** What every device may have. */
function info(device: QemuProps) {
  const { id, bootindex, loadparm, rombar, romfile, 'acpi-index': index } = device
  const rom =
    romfile === '' && rombar === undefined
      ? { enabled: false }
      : {
          ...(rombar !== undefined && { bar: whole(device, 'rombar') !== 0 }),
          ...(romfile !== undefined && { file: String(romfile) }),
        }
  return {
    ...(bootindex !== undefined && {
      boot: {
        order: whole(device, 'bootindex'),
        ...(loadparm !== undefined && { loadparm: String(loadparm) }),
      },
    }),
    ...(id !== undefined && { alias: String(id) }),
    ...(Object.keys(rom).length > 0 && { rom }),
    ...(index !== undefined && { acpi: { index: whole(device, 'acpi-index') } }),
  }
}

const wrong = (property: string, value: unknown) =>
  new VirtError(
    'invalid-argument',
    `the property ${property} is ${JSON.stringify(String(value).slice(0, 100))}, which names no host device`,
  )

function text(value: string | number | boolean | undefined, property: string): string {
  if (typeof value === 'string') return value
  throw wrong(property, value)
}
