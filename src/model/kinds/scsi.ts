import type { Infer } from '../../xml/codec.js'
import { leaf, one, opt } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { decimal, name, str } from '../../xml/text.js'

/** A SCSI host adapter: `virNodeDevCapSCSIHost`. */
export const scsiHost = table({
  host: leaf('host', decimal),
  uniqueId: opt(leaf('unique_id', decimal)),
  /** A Fibre Channel port: WWNs in 16 lower-case digits. */
  fcHost: opt(
    one(
      "capability[@type='fc_host']",
      table({ wwnn: leaf('wwnn', name), wwpn: leaf('wwpn', name), fabricWwn: opt(leaf('fabric_wwn', name)) }),
    ),
  ),
  /** A port that can have virtual ones (NPIV). */
  vportOps: opt(
    one(
      "capability[@type='vport_ops']",
      table({
        /** How many virtual ports there can be. */
        maxVports: leaf('max_vports', decimal),
        /** How many there are. */
        vports: leaf('vports', decimal),
      }),
    ),
  ),
})

/** A SCSI host adapter. */
export interface ScsiHost extends Infer<typeof scsiHost> {}

/** A SCSI target: `virNodeDevCapSCSITarget`. */
export const scsiTarget = table({
  target: leaf('target', str),
  fcRemotePort: opt(
    one("capability[@type='fc_remote_port']", table({ rport: leaf('rport', str), wwpn: leaf('wwpn', str) })),
  ),
})

/** A SCSI target. */
export interface ScsiTarget extends Infer<typeof scsiTarget> {}

/** A SCSI logical unit: `virNodeDevCapSCSI`. */
export const scsiDevice = table({
  host: leaf('host', decimal),
  bus: leaf('bus', decimal),
  target: leaf('target', decimal),
  lun: leaf('lun', decimal),
  /** disk, tape, cdrom…; absent for types libvirt has no word for. */
  type: opt(leaf('type', name)),
})

/** A SCSI logical unit. */
export interface ScsiDevice extends Infer<typeof scsiDevice> {}

/** A SCSI generic node: `virNodeDevCapSCSIGeneric`. */
export const scsiGeneric = table({
  /** Path of the character device: /dev/sg3. */
  char: leaf('char', str),
})

/** A SCSI generic node. */
export interface ScsiGeneric extends Infer<typeof scsiGeneric> {}
