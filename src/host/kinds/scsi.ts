import type { ScsiDevice, ScsiTarget } from '../../model/kinds/scsi.js'
import { known } from '../../model/known.js'
import { bus, deviceClass, type HostKind } from '../kind.js'
import type { SysfsDevice } from '../sysfs-device.js'

/** Words for SCSI peripheral device types (include/scsi/scsi_proto.h), as far as libvirt has them. */
const types: Readonly<Record<number, string>> = {
  0: 'disk',
  1: 'tape',
  3: 'processor',
  4: 'worm',
  5: 'cdrom',
  6: 'scanner',
  7: 'mod',
  8: 'changer',
  12: 'raid',
  13: 'enclosure',
}

/** SCSI targets: what is at one id of a bus. */
export const scsiTarget: HostKind<'scsi_target'> = {
  kind: 'scsi_target',
  ...bus('scsi'),
  named: (sysname) => sysname.startsWith('target'),
  read: (device) => known<ScsiTarget>({ target: device.sysname, fcRemotePort: readRemotePort(device) }),
}

/** A target behind Fibre Channel has the remote port's folder above its own. */
function readRemotePort(device: SysfsDevice): ScsiTarget['fcRemotePort'] {
  const rport = device.folderAbove
  if (!rport.startsWith('rport')) return undefined
  const wwpn = device.text(`/sys/class/fc_remote_ports/${rport}/port_name`)
  return wwpn === undefined ? undefined : { rport, wwpn }
}

/** SCSI logical units. */
export const scsiDevice: HostKind<'scsi'> = {
  kind: 'scsi',
  ...bus('scsi'),
  named: (sysname) => /^\d+:\d+:\d+:\d+$/.test(sysname),
  read(device, { host }) {
    return host.fixed(device, () => {
      const [address, bus, target, lun] = device.sysname.split(':').map(Number)
      if (address === undefined || bus === undefined || target === undefined || lun === undefined) return undefined
      return known<ScsiDevice>({ host: address, bus, target, lun, type: types[device.number('type') ?? -1] })
    })
  },
}

/** SCSI generic nodes. */
export const scsiGeneric: HostKind<'scsi_generic'> = {
  kind: 'scsi_generic',
  ...deviceClass('scsi_generic'),
  node: (device) => device,
  is: ({ devnode }) => devnode !== undefined,
  read: ({ devnode }) => (devnode === undefined ? undefined : { char: devnode }),
}
