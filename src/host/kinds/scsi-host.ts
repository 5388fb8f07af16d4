import type { ScsiHost } from '../../model/kinds/scsi.js'
import { known } from '../../model/known.js'
import { fcFolder, readFcHost, readVportOps } from '../fc-hosts.js'
import { bus, type HostKind } from '../kind.js'
import { parseNumber } from '../text.js'

/** SCSI host adapters, Fibre Channel ports among them. */
export const scsiHost: HostKind<'scsi_host'> = {
  kind: 'scsi_host',
  ...bus('scsi'),
  named: (sysname) => /^host\d+$/.test(sysname),
  read(device, { compat }) {
    const host = parseNumber(device.sysname.slice('host'.length))
    if (host === undefined) return undefined
    const fcHost = readFcHost(device)
    const vportOps = readVportOps(device)
    const uniqueId = device.number(`/sys/class/scsi_host/${device.sysname}/unique_id`)
    // of a port without a fabric libvirt says nothing at all (`virNodeDeviceGetSCSIHostCaps`)
    const isDropped = compat && device.has(fcFolder(device)) && fcHost?.fabricWwn === undefined
    return known<ScsiHost>(isDropped ? { host, uniqueId } : { host, uniqueId, fcHost, vportOps })
  },
}
