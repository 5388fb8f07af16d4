import { errorDomains, VirtError } from '../../errors.js'
import { linkName } from '../../host/plain-files.js'
import type { HostdevDef, HostdevOf } from '../../model/hostdev.js'
import { describeHostdev } from '../../model/hostdev-match.js'
import type { XenHost } from './xen-host.js'
import { hasXl } from './xl.js'

/**
 * Refuses SCSI devices, which would go to guests by PVSCSI (xen/include/public/io/vscsiif.h): the kernels have its
 * drivers, but Xen's own xl has no command for it.
 *
 * @throws VirtError `unsupported`, with what is missing here; `device-missing` for a name that no SCSI device has
 */
export async function refuseScsi(host: Pick<XenHost, 'files' | 'run'>, defs: readonly HostdevDef[]): Promise<void> {
  const def = defs.find((each) => each.kind === 'scsi')
  if (def?.kind !== 'scsi') return
  const place = placeOf(host, def)
  throw new VirtError(
    'unsupported',
    `${describeHostdev(def)} cannot be given to a guest of Xen by PVSCSI: ${await reason(host, place)}`,
    { errorDomain: errorDomains.xen },
  )
}

async function reason({ run }: Pick<XenHost, 'run'>, place: string): Promise<string> {
  if (!(await hasXl(run))) return 'there is no xl here'
  const { stdout } = await run(['xl', 'help'])
  return /^\s*scsi-attach\b/m.test(stdout)
    ? `only xl can do it here, and hostdev does not drive that; run xl scsi-attach with ${place}`
    : "this host's xl has no scsi-attach, as Xen's own has not; give the guest its disk (xl block-attach), or the adapter by PCI"
}

/** Host, bus, target and unit as xl wants them, which is also what stands behind a name such as `sg3`. */
function placeOf({ files }: Pick<XenHost, 'files'>, { source }: HostdevOf<'scsi'>): string {
  if (source.kind === 'generic') {
    const isName = /^[\w-]+$/.test(source.name)
    const place = isName ? linkName(files, `/sys/class/scsi_generic/${source.name}/device`) : undefined
    if (place !== undefined) return place
    throw new VirtError('device-missing', `the SCSI device ${JSON.stringify(source.name)} is not on this host`, {
      device: source.name,
    })
  }
  if (source.kind !== 'adapter') return 'its host, bus, target and unit'
  const { bus, target, unit } = source.address
  return `${source.adapter.replace(/^scsi_host/, '')}:${bus}:${target}:${unit}`
}
