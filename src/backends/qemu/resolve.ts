import { VirtError } from '../../errors.js'
import type { LinuxHost } from '../../host/linux-host.js'
import { generateName } from '../../host/names.js'
import { namesIn, realPath } from '../../host/plain-files.js'
import { type Gift, giftOf, vhostGift } from '../../manager/gift.js'
import { readMdevDevice } from '../../manager/mdev-device.js'
import { describeDevice } from '../../model/describe.js'
import type { HostdevDef, HostdevOf } from '../../model/hostdev.js'
import { describeHostdev, isHostDevice } from '../../model/hostdev-match.js'
import { capabilityOf, type NodeDeviceDef } from '../../model/node-device.js'
import { formatPciAddress } from '../../model/pci-address.js'
import type { HostFiles } from '../../os/host-files.js'

/** A hostdev that means one device of the host, and that device. */
export interface Resolved {
  /** With the numbers by which QEMU knows the device. */
  readonly def: HostdevDef
  /** Absent for what is no device of this host, as an iSCSI target. */
  readonly gift?: Gift
  /** The SCSI generic node of a logical unit. */
  readonly sgDevice?: string
}

/**
 * Finds the one device of a host that a hostdev means. QEMU looks for ids itself, and takes whichever it finds first,
 * now or when one is plugged in; here they mean one device or none.
 *
 * @throws VirtError `device-missing`; `ambiguous` with the candidates; `config-unsupported` for kinds QEMU has none of
 */
export async function resolveHostdev(host: LinuxHost, files: HostFiles, def: HostdevDef): Promise<Resolved> {
  switch (def.kind) {
    case 'pci':
      return found(files, def, await host.lookup(generateName('pci', formatPciAddress(def.source.address)), {}))
    case 'usb': {
      const device = await theOne(host, 'usb_device', def)
      const usb = device && capabilityOf(device, 'usb_device')
      if (!usb) throw missing(def)
      const { bus, device: number } = usb
      const { missing: _, ...source } = def.source
      return found(files, { ...def, source: { ...source, address: { bus, device: number } } }, device)
    }
    case 'mdev':
      return ofItsModel(files, def, found(files, def, await theOne(host, 'mdev', def)))
    case 'scsi':
      return await resolveScsi(host, files, def)
    case 'scsi_host':
      return { def, gift: vhostGift(files, def.source.wwpn) }
    default:
      throw new VirtError('config-unsupported', `${describeHostdev(def)} is nothing that QEMU gives to a guest`)
  }
}

function found(files: HostFiles, def: HostdevDef, device: NodeDeviceDef | undefined): Resolved {
  if (!device) throw missing(def)
  return { def, gift: giftOf(files, device) }
}

/**
 * A mediated device that its type says to be what the guest is to take it for (`virMediatedDeviceCheckModel`).
 *
 * @throws VirtError `config-unsupported` (libvirt's 67)
 */
function ofItsModel(files: HostFiles, def: HostdevOf<'mdev'>, resolved: Resolved): Resolved {
  const { deviceApi } = readMdevDevice(files, def.source.uuid)
  if (deviceApi === undefined || deviceApi === def.model) return resolved
  throw new VirtError(
    'config-unsupported',
    `${describeHostdev(def)} is given as ${def.model}, but its type is for ${deviceApi}; say that as its model`,
    { ...(resolved.gift && { device: resolved.gift.device.name }) },
  )
}

async function resolveScsi(host: LinuxHost, files: HostFiles, def: HostdevOf<'scsi'>): Promise<Resolved> {
  if (def.source.kind === 'iscsi') return { def }
  const exact = def.source.kind === 'generic' ? { ...def, source: adapterOf(files, def.source.name) } : def
  if (exact.source.kind !== 'adapter') throw missing(def)
  const { adapter, address } = exact.source
  const sysname = [adapter.replace(/^scsi_host/, ''), address.bus, address.target, address.unit].join(':')
  const device = await host.lookup(generateName('scsi', sysname), {})
  const [node] = namesIn(files, `/sys/bus/scsi/devices/${sysname}/scsi_generic`)
  return { ...found(files, exact, device), ...(node !== undefined && { sgDevice: `/dev/${node}` }) }
}

/** Where the unit of a generic node is: `sg3` at `scsi_host2`, bus 0, target 1, unit 0. */
export function adapterOf(files: HostFiles, name: string) {
  const link = realPath(files, `/sys/class/scsi_generic/${name}/device`) ?? ''
  const [, host, bus, target, unit] = /\/(\d+):(\d+):(\d+):(\d+)$/.exec(link) ?? []
  if (unit === undefined) return { kind: 'generic' as const, name }
  const address = { bus: Number(bus), target: Number(target), unit }
  return { kind: 'adapter' as const, adapter: `scsi_host${host}`, address }
}

/** The only device of a kind that is meant. */
async function theOne(host: LinuxHost, capability: string, def: HostdevDef): Promise<NodeDeviceDef | undefined> {
  const candidates: NodeDeviceDef[] = []
  for await (const device of host.defs({ capability }, {})) if (isHostDevice(device, def)) candidates.push(device)
  if (candidates.length <= 1) return candidates[0]
  const listed = candidates.map((device) => `${device.name} (${describeDevice(device)})`).join(', ')
  throw new VirtError(
    'ambiguous',
    `${describeHostdev(def)} means ${candidates.length} devices: ${listed}; say which by its address`,
    { candidates: candidates.map(({ name }) => name) },
  )
}

const missing = (def: HostdevDef): VirtError =>
  new VirtError('device-missing', `${describeHostdev(def)} is not on this host; is it plugged in?`)
