import { VirtError } from '../errors.js'
import { documentOf, type ReadOptions } from '../xml/document.js'
import { ruled } from '../xml/refine.js'
import { otherwise, some } from '../xml/row.js'
import { table } from '../xml/table.js'
import { variants } from '../xml/variants.js'
import { mdevDevice } from './kinds/mdev.js'
import { scsiHost } from './kinds/scsi.js'
import { deviceRows, type NodeDeviceDef, parentInFull } from './node-device.js'

/** The kinds that can be made, told apart by `type`. A vHBA has no host number yet. */
const creatable = variants('type', {
  scsi_host: table({ ...scsiHost.rows, host: otherwise(0, scsiHost.rows.host) }),
  mdev: mdevDevice,
})

const newDevice = documentOf(
  'device',
  ruled(
    table({
      ...deviceRows,
      name: otherwise('new device', deviceRows.name),
      capabilities: some('capability', creatable),
    }),
    parentInFull,
  ),
)

/**
 * Reads the document of a device that is to be made, where name and host number may be missing: a vHBA (NPIV) or a
 * mediated device, as `virNodeDeviceCreateXML` and `virNodeDeviceDefineXML` take them.
 *
 * @throws VirtError as {@link checkNewNodeDevice}, and what reading any document throws
 */
export function parseNewNodeDevice(source: string | Uint8Array, options: ReadOptions = {}): NodeDeviceDef {
  const def: NodeDeviceDef = newDevice.parse(source, options)
  checkNewNodeDevice(def)
  return def
}

/**
 * Lets through what can be made.
 *
 * @throws VirtError `config-unsupported` for any other kind of device, and for a mediated device without a parent
 */
export function checkNewNodeDevice({ name, capabilities, parent }: NodeDeviceDef): void {
  const kinds = capabilities.map((each) => (each.kind === 'other' ? each.type : each.kind))
  if (!kinds.includes('mdev') && !kinds.includes('scsi_host'))
    throw new VirtError('config-unsupported', `${name} is of kind ${kinds}; only scsi_host and mdev can be made`)
  if (kinds.includes('mdev') && parent === undefined)
    throw new VirtError('config-unsupported', `${name} is a mediated device without a parent; name one`)
}
