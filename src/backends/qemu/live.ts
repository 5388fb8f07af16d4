import type { QemuProps } from '../../formats/qemu/props.js'
import { fromQemu } from '../../formats/qemu/read.js'
import type { GuestAddress } from '../../model/hostdev/guest-address.js'
import type { HostdevDef } from '../../model/hostdev.js'
import type { QmpClient } from '../../wire/qmp/client.js'
import { isObject } from '../../wire/qmp/json-reader.js'
import type { Bus, Machine } from './buses.js'
import { ifThere, properties, type QomDevice } from './qom.js'

/** A host device of a guest, and where it is in QEMU's object model. */
export interface LiveHostdev {
  readonly path: string
  /** The id that it was given; a device that somebody else has added may have none. */
  readonly id?: string
  readonly def: HostdevDef
  /** The block node behind it, where that was made for it and goes with it. */
  readonly node?: string
}

/** Properties of a device: by which it is told which of the host's it is, and all others that are read. */
interface Asked {
  readonly which: readonly string[]
  readonly more: readonly string[]
}

const vfio: Asked = {
  which: ['host', 'sysfsdev'],
  more: ['bootindex', 'romfile', 'rombar', 'addr', 'multifunction', 'failover_pair_id', 'acpi-index', 'display'],
}
const vhost: Asked = { which: ['wwpn'], more: ['bootindex', 'addr', 'multifunction'] }

/** Types of host devices, and what of each is read. */
const asked: Readonly<Record<string, Asked>> = {
  'vfio-pci': vfio,
  'vfio-pci-nohotplug': { ...vfio, more: [...vfio.more, 'ramfb'] },
  'vfio-ccw': { which: ['sysfsdev'], more: ['bootindex'] },
  'vfio-ap': { which: ['sysfsdev'], more: [] },
  'usb-host': {
    which: ['hostdevice', 'hostbus', 'hostaddr', 'hostport', 'vendorid', 'productid'],
    more: ['guest-reset', 'bootindex', 'port'],
  },
  'scsi-generic': { which: ['drive'], more: ['channel', 'scsi-id', 'lun', 'bootindex'] },
  'vhost-scsi-pci': vhost,
  'vhost-scsi-pci-transitional': vhost,
  'vhost-scsi-pci-non-transitional': vhost,
}

/** Whether a type of QEMU's is that of a host device. */
export const isHostdevType = (type: string): boolean => Object.hasOwn(asked, type)

/** The host devices of a guest as it runs: those that it was started with, and those that came since, by anyone. */
export async function liveHostdevs(qemu: QmpClient, { devices, buses }: Machine): Promise<LiveHostdev[]> {
  const hosts = devices.filter(({ type }) => isHostdevType(type))
  const blockdevs = hosts.some(({ type }) => type === 'scsi-generic') ? await blockNodes(qemu) : []
  const found = await Promise.all(hosts.map((device) => ifThere(liveHostdev(qemu, device, buses, blockdevs))))
  return found.filter((each) => each !== undefined).sort((a, b) => byId(a.id ?? a.path, b.id ?? b.path))
}

const byId = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1)

/** Which device of the host a device of a guest's is; `undefined` when it is none, or has gone. */
export async function hostdevBehind(qemu: QmpClient, device: QomDevice): Promise<HostdevDef | undefined> {
  const { which } = asked[device.type] ?? {}
  if (!which) return undefined
  const blockdevs = device.type === 'scsi-generic' ? await blockNodes(qemu) : []
  const values = await ifThere(properties(qemu, device.path, which))
  return values && defOf(device, values, blockdevs)
}

async function liveHostdev(
  qemu: QmpClient,
  device: QomDevice,
  buses: readonly Bus[],
  blockdevs: readonly QemuProps[],
): Promise<LiveHostdev> {
  const { path, id, type } = device
  const { which = [], more = [] } = asked[type] ?? {}
  const values = await properties(qemu, path, ['parent_bus', ...which, ...more])
  const bus = buses.find((each) => each.path === values.parent_bus)
  const address = bus && addressOn(bus, values)
  const def = { ...defOf(device, values, blockdevs), ...(address && { address }) } as HostdevDef
  const node = backendOf(id)
  return { path, ...(id !== undefined && { id }), def, ...(values.drive === node && { node }) }
}

/** What libvirt, and this library, call the node that they make for a device (`qemuAliasFromHostdev`). */
export const backendOf = (id: string | undefined): string => `${id}-backend`

const defOf = ({ id, type }: QomDevice, values: Record<string, unknown>, blockdevs: readonly QemuProps[]): HostdevDef =>
  fromQemu({ devices: [{ driver: type, ...(id !== undefined && { id }), ...said(values) }], blockdevs })

/** Properties that say something; what QEMU answers for those that were never given is left out. */
function said({ parent_bus: _, ...values }: Record<string, unknown>): QemuProps {
  const { host, sysfsdev, hostdevice, 'guest-reset': reset, bootindex, rombar, multifunction: __, ...rest } = values
  const function_ = /^\/sys\/bus\/pci\/devices\/([\da-f:.]+)$/i.exec(String(sysfsdev ?? ''))?.[1]
  const isMediated = Boolean(sysfsdev) && function_ === undefined
  const given: Record<string, unknown> = {
    ...(function_ !== undefined ? { host: function_ } : sysfsdev ? { sysfsdev } : { host }),
    ...(hostdevice ? { hostdevice } : numbers(rest, ['hostbus', 'hostaddr', 'vendorid', 'productid'])),
    ...(!hostdevice && rest.hostport ? { hostport: rest.hostport } : {}),
    ...(reset === false && { 'guest-reset': false }),
    ...(typeof bootindex === 'number' && bootindex >= 0 && { bootindex }),
    ...(rombar === 0 && { rombar: 0 }),
    ...numbers(rest, ['acpi-index']),
    ...texts(rest, ['romfile', 'failover_pair_id', 'wwpn', 'drive']),
    ...((rest.display === 'on' || (rest.display === 'off' && isMediated)) && { display: rest.display }),
    ...(rest.ramfb === true && { ramfb: true }),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as QemuProps
}

const numbers = (values: Record<string, unknown>, names: readonly string[]) =>
  Object.fromEntries(names.flatMap((name) => (Number(values[name]) > 0 ? [[name, Number(values[name])]] : [])))

const texts = (values: Record<string, unknown>, names: readonly string[]) =>
  Object.fromEntries(
    names.flatMap((name) => (typeof values[name] === 'string' && values[name] !== '' ? [[name, values[name]]] : [])),
  )

function addressOn({ kind, number, owner }: Bus, values: Record<string, unknown>): GuestAddress | undefined {
  if (kind === 'pci') {
    const at = Number(values.addr)
    const multi = values.multifunction === true ? { multifunction: true } : {}
    return { kind: 'pci', domain: 0, bus: number, slot: at >> 3, function: at & 7, ...multi }
  }
  if (kind === 'usb') return values.port ? { kind: 'usb', bus: number, port: String(values.port) } : undefined
  const [channel, target, lun] = ['channel', 'scsi-id', 'lun'].map((name) => Number(values[name]))
  return /virtio/.test(owner ?? '')
    ? { kind: 'drive', controller: number, bus: channel ?? 0, target: target ?? 0, unit: lun ?? 0 }
    : { kind: 'drive', controller: number, bus: 0, target: 0, unit: target ?? 0 }
}

/** Nodes of QEMU's block layer, in the words of `-blockdev`, as far as they tell a host's device. */
async function blockNodes(qemu: QmpClient): Promise<QemuProps[]> {
  const nodes = await qemu.execute('query-named-block-nodes', { flat: true })
  return (Array.isArray(nodes) ? nodes : []).filter(isObject).map((node) => ({
    ...wordsOf(String(node.file)),
    driver: String(node.drv),
    'node-name': String(node['node-name']),
    'read-only': node.ro === true,
  }))
}

/** What a node was made from: QEMU says in JSON what no file name can (`bdrv_refresh_filename`). */
function wordsOf(file: string): QemuProps {
  // what is longer than QEMU's buffer for it ends with dots
  if (file.startsWith('json:') && !file.endsWith('...')) {
    const words: unknown = JSON.parse(file.slice(5))
    return isObject(words) ? (words as QemuProps) : {}
  }
  // block/iscsi.c: iscsi://[user[%password]@]host[:port]/target/lun
  const [, user, portal = '', target = '', lun = ''] =
    /^iscsi:\/\/(?:([^@/%]*)[^@/]*@)?([^/]+)\/([^/]+)\/(\d+)$/.exec(file) ?? []
  return portal === '' ? { filename: file } : { portal, target, lun: Number(lun), ...(user !== undefined && { user }) }
}
