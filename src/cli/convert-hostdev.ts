import { type Connection, capabilityOf, type HostdevDef, VirtError } from '../index.js'
import { convert } from '../xml.js'
import type { Cli } from './cli.js'
import { readText } from './read-text.js'

/** What `hostdev convert` was asked for. */
export interface ConvertFlags {
  to: string
  from?: string
}

/** Says what stands in a file in another format, with the host asked where the format needs it. */
export async function convertHostdev({ open, out }: Cli, file: string | undefined, flags: ConvertFlags): Promise<void> {
  const source = await readText(file ?? '-')
  const resolve = async (def: HostdevDef): Promise<HostdevDef> => {
    await using conn = await open()
    return await byAddress(conn, def)
  }
  out.write(await convert(source, { ...flags, resolve }))
}

/** A SCSI device by its address, which only the host knows of a name such as `sg3`. */
async function byAddress(conn: Connection, def: HostdevDef): Promise<HostdevDef> {
  if (def.kind !== 'scsi' || def.source.kind !== 'generic') return def
  const { name } = def.source
  for await (const node of conn.nodeDeviceDefs({ capability: 'scsi_generic' })) {
    if (capabilityOf(node, 'scsi_generic')?.char !== `/dev/${name}` || node.parent === undefined) continue
    const scsi = capabilityOf(await (await conn.lookupNodeDevice(node.parent)).def(), 'scsi')
    if (!scsi) continue
    const { host, bus, target, lun } = scsi
    const source = {
      kind: 'adapter',
      adapter: `scsi_host${host}`,
      address: { bus, target, unit: String(lun) },
    } as const
    return { ...def, source }
  }
  throw new VirtError('no-node-device', `${name} is no SCSI generic node of this host`, { device: name })
}
