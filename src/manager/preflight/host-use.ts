import type { Finding } from '../../model/finding.js'

/** Something of the host that would miss a device: by its folder in /sys/devices, or one below the device's. */
export interface HostUse {
  readonly path: string
  readonly finding: Finding
}

/** All that the host would miss, found by the folder of a device: a host may have thousands of both. */
export class HostUses {
  readonly #all: readonly HostUse[]
  readonly #below = new Map<string, Finding[]>()

  constructor(all: readonly HostUse[]) {
    this.#all = all
    for (const { path, finding } of all)
      for (let folder = path; folder !== ''; folder = folder.slice(0, folder.lastIndexOf('/'))) {
        const findings = this.#below.get(folder)
        if (findings) findings.push(finding)
        else this.#below.set(folder, [finding])
      }
  }

  /** What the host would miss of all that is at or below a folder of /sys/devices. */
  below(folder: string): readonly Finding[] {
    return this.#below.get(folder) ?? []
  }

  /**
   * What the host would miss of a network interface that is given away as such: also what is told of those that it
   * stands on, where it is a VLAN or a bridge.
   */
  ofInterface(folder: string, name: string): Finding[] {
    const meant = this.#all.filter(({ path, finding }) => path === folder || finding.facts.interface === name)
    return [...new Map(meant.map(({ finding }) => [finding.message, finding])).values()]
  }
}
