import { ContainerConfig } from '../../formats/container-config.js'
import { containerHostdevs } from '../../formats/container-hostdevs.js'
import { bootId } from '../../host/plain-files.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import { linksInside } from '../../manager/network-namespace.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { Denied, type HostFiles } from '../../os/host-files.js'
import type { Container } from './containers.js'

const lists = ['NETDEV', 'NETIF', 'DEVNODES', 'DEVICES', 'PCI'] as const

/**
 * What a running container has, which OpenVZ tells nobody: what its config said when it was first changed as it ran,
 * and what was changed since. It is kept as a config of its own, for this run of the container.
 */
export class RunningConfig {
  readonly #host: Pick<ManagedHost, 'files' | 'run' | 'state'>

  constructor(host: Pick<ManagedHost, 'files' | 'run' | 'state'>) {
    this.#host = host
  }

  /** The config of this run; the stored one as long as nothing was changed. */
  read({ name, config }: Container): ContainerConfig {
    const text = this.#host.state.read(fileOf(name))
    const kept = text === undefined ? undefined : new ContainerConfig(text)
    return kept?.get('RUN') === this.#runOf(name) ? kept : config
  }

  /** Path of the config of this run, which is made if it is not there. */
  prepare(container: Container): string {
    const { state } = this.#host
    if (this.read(container) === container.config) {
      const kept = new ContainerConfig(`RUN="${this.#runOf(container.name)}"\n`)
      for (const key of lists) kept.setWords(key, container.config.words(key))
      state.replace(fileOf(container.name), kept.toString())
    }
    return state.pathOf(fileOf(container.name))
  }

  /** What the container has, as far as its namespace can be looked into: an interface that is not inside is not its. */
  async hostdevs(container: Container): Promise<HostdevDef[]> {
    const config = this.read(container)
    const given = config.words('NETDEV')
    const inside = given.length === 0 ? undefined : await linksInside(this.#host, container.name)
    return containerHostdevs(config).filter(
      (def) =>
        inside === undefined ||
        def.kind !== 'net' ||
        !given.includes(def.source.interface) ||
        inside.some(({ name }) => name === def.source.interface),
    )
  }

  #runOf(container: string): string {
    return `${bootId(this.#host.files)}.${runOf(this.#host.files, container) ?? ''}`
  }
}

const fileOf = (container: string): string => `openvz-${container}`

/**
 * Tells one run of a container from another: the namespace that vzctl has made for it, by the process that it links to
 * or by its inode; `undefined` while there is none.
 */
export function runOf(files: HostFiles, container: string): string | undefined {
  const at = `/run/netns/${container}`
  const link = files.link(at)
  if (!(link instanceof Denied)) return link.replace(/[^\w]/g, '-')
  const stat = files.stat(at)
  return stat instanceof Denied ? undefined : String(stat.inode)
}
