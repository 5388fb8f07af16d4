import type { ScsiHost } from '../../model/kinds/scsi.js'
import { known } from '../../model/known.js'
import { bus, type HostKind } from '../kind.js'
import type { SysfsDevice } from '../sysfs-device.js'
import { parseNumber } from '../text.js'

/** SCSI host adapters, Fibre Channel ports among them. */
export const scsiHost: HostKind<'scsi_host'> = {
  kind: 'scsi_host',
  ...bus('scsi'),
  is: ({ sysname }) => /^host\d+$/.test(sysname),
  read(device, { compat }) {
    const host = parseNumber(device.sysname.slice('host'.length))
    if (host === undefined) return undefined
    const fcHost = readFcHost(device)
    const vportOps = readVportOps(device)
    const uniqueId = device.number(`/sys/class/scsi_host/${device.sysname}/unique_id`)
    // of a port without a fabric libvirt says nothing at all (`virNodeDeviceGetSCSIHostCaps`)
    const isDropped = compat && device.has(`/sys/class/fc_host/${device.sysname}`) && fcHost?.fabricWwn === undefined
    return known<ScsiHost>(isDropped ? { host, uniqueId } : { host, uniqueId, fcHost, vportOps })
  },
}

const wwn = (text: string | undefined): string | undefined => text?.replace(/^0x/, '')

function readFcHost(device: SysfsDevice): ScsiHost['fcHost'] {
  const folder = `/sys/class/fc_host/${device.sysname}`
  const wwnn = wwn(device.text(`${folder}/node_name`))
  const wwpn = wwn(device.text(`${folder}/port_name`))
  if (wwnn === undefined || wwpn === undefined) return undefined
  const fabricWwn = wwn(device.text(`${folder}/fabric_name`))
  return { wwnn, wwpn, ...(fabricWwn !== undefined && { fabricWwn }) }
}

/**
 * A port can have virtual ones (NPIV) when its driver can make them, and then there are these numbers
 * (drivers/scsi/scsi_transport_fc.c, `fc_attach_transport`).
 */
function readVportOps(device: SysfsDevice): ScsiHost['vportOps'] {
  const folder = `/sys/class/fc_host/${device.sysname}`
  const maxVports = device.number(`${folder}/max_npiv_vports`)
  const vports = device.number(`${folder}/npiv_vports_inuse`)
  return maxVports === undefined || vports === undefined ? undefined : { maxVports, vports }
}
