import { realPath } from '../../host/plain-files.js'
import { finding } from '../../model/finding.js'
import type { HostFiles } from '../../os/host-files.js'
import type { Holder } from '../holders.js'
import type { HostUse } from './host-use.js'

/** Classes whose nodes carry the names of their devices: /dev/dri/card0 is that of /sys/class/drm/card0. */
const classes = ['drm', 'sound', 'tty', 'video4linux', 'block', 'hidraw', 'nvme', 'scsi_generic', 'input'] as const

/** Devices that programs of the host have open: taking the driver away may wait for them to let go. */
export function openUses(files: HostFiles, holders: ReadonlyMap<string, readonly Holder[]>): HostUse[] {
  return [...holders].flatMap(([node, [first]]) => {
    const name = node.slice(node.lastIndexOf('/') + 1)
    const at = classes.map((each) => realPath(files, `/sys/class/${each}/${name}`)).find((path) => path !== undefined)
    if (at === undefined || first === undefined) return []
    const { pid, program } = first
    const remedy = `end process ${pid} first`
    return [
      { path: at, finding: finding('open', `is held open by ${program} (${node})`, { remedy, node, pid, program }) },
    ]
  })
}
