import type { ScsiHost } from '../model/kinds/scsi.js'
import type { HostFiles } from '../os/host-files.js'
import { namesIn } from './plain-files.js'
import { SysfsDevice } from './sysfs-device.js'

/** The class of Fibre Channel ports, which are SCSI hosts (drivers/scsi/scsi_transport_fc.c). */
const fcClass = '/sys/class/fc_host'

/** A Fibre Channel port of the host: `host5`. */
export interface FcHost extends NonNullable<ScsiHost['fcHost']> {
  readonly name: string
  /** Whether its link is up. */
  readonly isOnline: boolean
  /** How many virtual ports (NPIV) it can have and has; absent when it can have none. */
  readonly vportOps?: NonNullable<ScsiHost['vportOps']>
}

/** Every Fibre Channel port, in the order of their numbers; those whose names cannot be read are left out. */
export function fcHosts(files: HostFiles): FcHost[] {
  const hosts = namesIn(files, fcClass).map((name) => fcHost(files, name))
  return hosts.filter((host) => host !== undefined).sort((a, b) => hostNumber(a.name) - hostNumber(b.name))
}

/** One port by its kernel name. */
export function fcHost(files: HostFiles, name: string): FcHost | undefined {
  const device = new SysfsDevice(files, 'fc_host', name, `${fcClass}/${name}`)
  const ids = readFcHost(device)
  const vportOps = readVportOps(device)
  return ids && { name, ...ids, isOnline: device.text('port_state') === 'Online', ...(vportOps && { vportOps }) }
}

/** The first port under which another virtual one can be made: online, and with one left (`virVHBAFindVportHost`). */
export const fcHostForVport = (hosts: readonly FcHost[]): FcHost | undefined =>
  hosts.find(({ isOnline, vportOps }) => isOnline && vportOps && vportOps.vports < vportOps.maxVports)

/** The port with these names, in 16 digits each. */
export const fcHostByWwn = (hosts: readonly FcHost[], wwnn: string, wwpn: string): FcHost | undefined =>
  hosts.find((host) => host.wwnn === wwnn.toLowerCase() && host.wwpn === wwpn.toLowerCase())

const hostNumber = (name: string): number => Number(name.slice('host'.length))

const wwn = (text: string | undefined): string | undefined => text?.replace(/^0x/, '')

/** The world wide names of a SCSI host that is such a port. */
export function readFcHost(device: SysfsDevice): ScsiHost['fcHost'] {
  const folder = fcFolder(device)
  const wwnn = wwn(device.text(`${folder}/node_name`))
  const wwpn = wwn(device.text(`${folder}/port_name`))
  if (wwnn === undefined || wwpn === undefined) return undefined
  const fabricWwn = wwn(device.text(`${folder}/fabric_name`))
  return { wwnn, wwpn, ...(fabricWwn !== undefined && { fabricWwn }) }
}

/**
 * A port can have virtual ones (NPIV) when its driver can make them, and then there are these numbers
 * (`fc_attach_transport`).
 */
export function readVportOps(device: SysfsDevice): ScsiHost['vportOps'] {
  const folder = fcFolder(device)
  const maxVports = device.number(`${folder}/max_npiv_vports`)
  const vports = device.number(`${folder}/npiv_vports_inuse`)
  return maxVports === undefined || vports === undefined ? undefined : { maxVports, vports }
}

/** Where the class has a SCSI host, which has the same name there. */
export const fcFolder = ({ sysname }: SysfsDevice): string => `${fcClass}/${sysname}`
