import type { AffectOptions, DomainDriver } from '../../backend.js'
import { VirtError } from '../../errors.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { describeHostdev, sameHostDevice } from '../../model/hostdev-match.js'
import { describeTarget, findHostdev } from '../../model/hostdev-target.js'
import type { RunCommand } from '../../os/command.js'
import { Denied, type HostFiles } from '../../os/host-files.js'
import type { Container, Containers } from './containers.js'
import { runVzctl } from './vzctl-run.js'

/** What the driver of containers works with. */
export interface OpenvzParts {
  readonly containers: Containers
  readonly files: HostFiles
  readonly run: RunCommand
  /** Whether vzctl is there; without it only configs can be changed. */
  hasVzctl(): Promise<boolean>
}

/** Containers, as every hypervisor's backend offers its guests. */
export function domainDriver({ containers, files, run, hasVzctl }: OpenvzParts): DomainDriver {
  async function change(
    action: 'attach' | 'detach',
    domain: string,
    def: HostdevDef,
    options: AffectOptions,
  ): Promise<void> {
    const container = await containers.need(domain, options.signal)
    const { live, config } = affected(container, options)
    if (action === 'attach') await needAttachable(files, containers, container, def, live)
    else if (!container.config.hostdevs().some((each) => sameHostDevice(each, def)) && config)
      throw new VirtError('device-missing', `container ${container.name} has no ${describeHostdev(def)}`, {
        domain: container.name,
      })
    if (live && !(await hasVzctl()))
      throw new VirtError('unsupported', 'vzctl is not installed, so running containers cannot be changed', {
        domain: container.name,
      })
    const running = container.state === 'running'
    const alive = () =>
      runVzctl(run, files, container.name, def, { action, save: false, running, signal: options.signal })
    // by ourselves in any case: vzctl's own editor loses modes, comments and, without a final line break, lines
    const stored = () =>
      containers.edit(
        container.name,
        (text) => (action === 'attach' ? text.add(def) : text.remove(def)),
        options.signal,
      )
    const undo = () => containers.edit(container.name, (text) => text.remove(def))
    const isStored = container.config.hostdevs().some((each) => sameHostDevice(each, def))

    if (action === 'attach' && config) await stored()
    try {
      if (live) await alive()
    } catch (error) {
      if (action === 'attach' && config && !isStored) await undo()
      throw error
    }
    if (action === 'detach' && config) await stored()
  }

  return {
    proposal: { container: true },
    list: ({ signal }) => containers.list(signal),
    async lookup(nameOrUuid, { signal }) {
      const container = await containers.find(nameOrUuid, signal)
      if (!container) return undefined
      const { config: _, ...info } = container
      return info
    },
    async hostdevs(domain, options) {
      const container = await containers.need(domain, options.signal)
      affected(container, options)
      // OpenVZ keeps no list of what a running container has beside its config
      return container.config.hostdevs()
    },
    async attach(domain, def, options) {
      await change('attach', domain, def, options)
      return def
    },
    async detach(domain, target, options) {
      const { config } = await containers.need(domain, options.signal)
      // what a container has live beside its config is known by nobody
      const def = findHostdev(config.hostdevs(), target) ?? ('kind' in target ? target : undefined)
      if (!def)
        throw new VirtError('device-missing', `container ${domain} has no ${describeTarget(target)}`, { domain })
      await change('detach', domain, def, options)
    },
  }
}

/** Which of a container's two states a change is for. @throws VirtError `operation-invalid` for a live one of a stopped */
function affected(container: Container, { live, config }: AffectOptions): { live: boolean; config: boolean } {
  const running = container.state === 'running'
  if (live && !running)
    throw new VirtError('operation-invalid', `container ${container.name} is not running; change its config`, {
      domain: container.name,
    })
  if (live === undefined && config === undefined) return { live: running, config: !running }
  return { live: live ?? false, config: config ?? false }
}

/** What speaks against giving an interface away is found before anything is changed. */
async function needAttachable(
  files: HostFiles,
  containers: Containers,
  container: Container,
  def: HostdevDef,
  live: boolean,
): Promise<void> {
  for (const info of await containers.list()) {
    if (info.name === container.name) continue
    const other = await containers.find(info.name)
    if (def.kind === 'net' && other?.config.hostdevs().some((each) => sameHostDevice(each, def)))
      throw new VirtError('operation-invalid', `${describeHostdev(def)} belongs to container ${info.name}`, {
        domain: info.name,
      })
  }
  if (def.kind !== 'net' || !live) return
  const name = def.source.interface
  const at = `/sys/class/net/${name}`
  if (files.stat(at) instanceof Denied)
    throw new VirtError('device-missing', `the interface ${name} is not on the host; is it in a container already?`, {
      device: name,
    })
  if (!(files.stat(`${at}/master`) instanceof Denied))
    throw new VirtError('resource-busy', `the interface ${name} is part of a bridge or bond; take it out first`, {
      device: name,
    })
  if (hasDefaultRoute(files, name))
    throw new VirtError('resource-busy', `the interface ${name} carries the host's default route; move that first`, {
      device: name,
    })
}

/** Whether the host reaches the world by an interface (/proc/net/route: destination and mask of zeros). */
function hasDefaultRoute(files: HostFiles, name: string): boolean {
  const bytes = files.bytes('/proc/net/route', 65_536)
  if (bytes instanceof Denied) return false
  const rows = new TextDecoder().decode(bytes).split('\n')
  return rows.some((row) => {
    const [device, destination, , , , , , mask] = row.split('\t')
    return device === name && destination === '00000000' && mask === '00000000'
  })
}
