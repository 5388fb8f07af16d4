import type { Infer } from '../../xml/codec.js'
import { invalid } from '../../xml/codec.js'
import { inCompat, unread } from '../../xml/compat.js'
import { cInt, unlessNegative } from '../../xml/number.js'
import { rest } from '../../xml/raw.js'
import { refined } from '../../xml/refine.js'
import { leaf, one, opt, owed, repeated } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { admitting, str } from '../../xml/text.js'
import { unsignedInt, wwn } from '../schema-spelling.js'
import { count, signedDecimal } from './spelling.js'

const wideName = admitting(str, wwn)

/** A Fibre Channel port: WWNs in 16 lower-case digits. They may be left to libvirt when a port is created. */
const fcHost = refined(
  table({
    wwnn: owed(opt(leaf('wwnn', wideName))),
    wwpn: owed(opt(leaf('wwpn', wideName))),
    fabricWwn: opt(leaf('fabric_wwn', wideName)),
  }),
  (def, { compat }, element) => {
    for (const key of ['wwnn', 'wwpn'] as const)
      if (compat && def[key] === undefined) throw invalid(element, 'is missing', `/${key}`)
    return def
  },
)

/** A SCSI host adapter: `virNodeDevCapSCSIHost`. */
export const scsiHost = table({
  host: leaf('host', signedDecimal),
  uniqueId: opt(leaf('unique_id', admitting(unlessNegative(cInt(10)), unsignedInt))),
  fcHost: opt(repeated(one("capability[@type='fc_host']", fcHost), 'last')),
  /** A port that can have virtual ones (NPIV). */
  vportOps: opt(
    repeated(
      one(
        "capability[@type='vport_ops']",
        table({
          /** How many virtual ports there can be. */
          maxVports: unread(inCompat(0, leaf('max_vports', count))),
          /** How many there are. */
          vports: unread(inCompat(0, leaf('vports', count))),
        }),
      ),
    ),
  ),
  other: rest({ capability: 'refused' }),
})

/** A SCSI host adapter. */
export interface ScsiHost extends Infer<typeof scsiHost> {}

/** A SCSI target: `virNodeDevCapSCSITarget`. */
export const scsiTarget = table({
  target: leaf('target', str),
  fcRemotePort: opt(
    one("capability[@type='fc_remote_port']", table({ rport: leaf('rport', str), wwpn: leaf('wwpn', wideName) })),
  ),
  other: rest({ capability: 'refused' }),
})

/** A SCSI target. */
export interface ScsiTarget extends Infer<typeof scsiTarget> {}

/** A SCSI logical unit: `virNodeDevCapSCSI`. */
export const scsiDevice = table({
  host: leaf('host', signedDecimal),
  bus: leaf('bus', signedDecimal),
  target: leaf('target', signedDecimal),
  lun: leaf('lun', signedDecimal),
  /** disk, tape, cdrom…; absent for types libvirt has no word for. */
  type: opt(leaf('type', str)),
  other: rest(),
})

/** A SCSI logical unit. */
export interface ScsiDevice extends Infer<typeof scsiDevice> {}

/** A SCSI generic node: `virNodeDevCapSCSIGeneric`. */
export const scsiGeneric = table({
  /** Path of the character device: /dev/sg3. */
  char: leaf('char', str),
  other: rest(),
})

/** A SCSI generic node. */
export interface ScsiGeneric extends Infer<typeof scsiGeneric> {}
