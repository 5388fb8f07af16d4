import type { Finding } from '../../model/finding.js'

/** Something of the host that would miss a device: by its folder in /sys/devices, or one below the device's. */
export interface HostUse {
  readonly path: string
  readonly finding: Finding
}

/** What the host would miss of all that is at or below a folder of /sys/devices. */
export const usesBelow = (uses: readonly HostUse[], folder: string): Finding[] =>
  uses.filter(({ path }) => path === folder || path.startsWith(`${folder}/`)).map((use) => use.finding)
