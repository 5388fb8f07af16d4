import type { Finding } from '../../model/finding.js'

/** Something of the host that would miss a device: by its folder in /sys/devices, or one below the device's. */
export interface HostUse {
  readonly path: string
  readonly finding: Finding
}

/** What the host would miss of all that is at or below a folder of /sys/devices. */
export const usesBelow = (uses: readonly HostUse[], folder: string): Finding[] =>
  uses.filter(({ path }) => path === folder || path.startsWith(`${folder}/`)).map((use) => use.finding)

/**
 * What the host would miss of a network interface that is given away as such: also what is told of those that it stands
 * on, where it is a VLAN or a bridge.
 */
export const usesOfInterface = (uses: readonly HostUse[], folder: string, name: string): Finding[] => [
  ...new Map(
    uses
      .filter(({ path, finding }) => path === folder || finding.facts.interface === name)
      .map(({ finding }) => [finding.message, finding]),
  ).values(),
]
