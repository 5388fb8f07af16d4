import type { AffectOptions, CallOptions, DomainDriver } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { type ConfigWord, ContainerConfig } from '../../formats/container-config.js'
import { configWord, containerHostdevs, wordInConfig } from '../../formats/container-hostdevs.js'
import type { Change } from '../../manager/change.js'
import { DeviceLocks } from '../../manager/device-locks.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import { runChange } from '../../manager/run-change.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { sameHostDevice } from '../../model/hostdev-match.js'
import { describeTarget, findHostdev, type HostdevTarget } from '../../model/hostdev-target.js'
import { editConfig } from '../../os/config-file.js'
import { type Container, infoOf } from './containers.js'
import { attachChange, detachChange, keyOf, storedOf } from './live-change.js'
import type { OpenvzParts } from './openvz-parts.js'
import { refuseBadConfig, refuseNeeded, refuseTaken, refuseUnsayable } from './preflight.js'
import { stopContainer } from './stop.js'
import type { Vzctl } from './vzctl.js'

/** Containers, as every hypervisor's backend offers its guests. */
export function domainDriver(parts: OpenvzParts): DomainDriver {
  const { containers, running, host } = parts
  return {
    proposal: { container: true },
    list: async ({ signal }) => (await containers.list(signal)).map(infoOf),
    async lookup(nameOrUuid, { signal }) {
      const container = await containers.find(nameOrUuid, signal)
      return container && infoOf(container)
    },
    async hostdevs(domain, options) {
      const container = await containers.need(domain, options.signal)
      const { live } = affected(container, options)
      return live ? await running.hostdevs(container) : containerHostdevs(container.config)
    },
    async attach(domain, def, options) {
      const container = await containers.need(domain, options.signal)
      const { live, config } = affected(container, options)
      const word = configWord(def)
      const vzctl = await parts.vzctl(options.signal)
      refuseUnsayable(def, vzctl)
      refuseTaken(def, container, await containers.list(options.signal))
      // what cannot be written into the config is found before anything is done
      if (config) new ContainerConfig(container.config.toString()).put(word)
      const has = live && (await running.hostdevs(container)).some((each) => sameHostDevice(each, def))
      if (live && !has) {
        refuseBadConfig(host, container, needed(vzctl, container))
        await make(
          host,
          keyOf(word),
          async () => {
            await refuseNeeded(host, def, word)
            return await attachChange({ host, container, def, word, running: running.prepare(container), config })
          },
          options,
        )
      } else if (config) await store(container, (stored) => stored.put(word), options)
      return def
    },
    async detach(domain, target, options) {
      const container = await containers.need(domain, options.signal)
      const { live, config } = affected(container, options)
      const alive = live ? findHostdev(await running.hostdevs(container), target) : undefined
      const stored = config ? findHostdev(containerHostdevs(container.config), target) : undefined
      const def = alive ?? stored
      if (!def || (live && !alive) || (config && !stored)) throw missing(container, target)
      if (!live) {
        await store(container, (text) => drop(text, def), options)
        return
      }
      refuseBadConfig(host, container, needed(await parts.vzctl(options.signal), container))
      const word = wordIn(running.read(container), def)
      await make(
        host,
        keyOf(word),
        async () => {
          return await detachChange({ host, container, def, word, running: running.prepare(container), config })
        },
        options,
      )
    },
    shutdown: (domain, options) => stopContainer(parts, domain, options),
  }
}

/**
 * Which of a container's two states a change is for.
 * @throws VirtError `operation-invalid` for a live one of a stopped
 */
export function affected(container: Container, { live, config }: AffectOptions): { live: boolean; config: boolean } {
  const isRunning = container.state === 'running'
  if (live && container.state === 'nostate') throw noVzctl(container)
  if (live && !isRunning)
    throw new VirtError('operation-invalid', `container ${container.name} is not running; change its config`, {
      domain: container.name,
    })
  if (live === undefined && config === undefined) return { live: isRunning, config: !isRunning }
  return { live: live ?? false, config: config ?? false }
}

/** Makes a change of a running container, planned and made under the device's lock, with a journal of it. */
async function make(
  host: ManagedHost,
  key: string,
  plan: () => Promise<Change>,
  { signal }: CallOptions,
): Promise<void> {
  using locks = await DeviceLocks.take(host.state, [{ key, name: key }], 'change of a container')
  await runChange(host, await plan(), locks, signal ? { signal } : {})
}

async function store(
  container: Container,
  change: (config: ContainerConfig) => void,
  { signal }: CallOptions,
): Promise<void> {
  const { edit: path, pidLock } = storedOf(container)
  const edit = (text: string): string => {
    const config = new ContainerConfig(text)
    change(config)
    return config.toString()
  }
  await editConfig(path, edit, { signal, pidLock })
}

const drop = (config: ContainerConfig, def: HostdevDef): void => {
  const word = wordInConfig(config, def)
  if (word) config.drop(word)
}

const wordIn = (config: ContainerConfig, def: HostdevDef): ConfigWord => wordInConfig(config, def) ?? configWord(def)

function needed(vzctl: Vzctl | undefined, container: Container): Vzctl {
  if (vzctl) return vzctl
  throw noVzctl(container)
}

const noVzctl = ({ name }: Container): VirtError =>
  new VirtError('unsupported', 'vzctl is not installed, so running containers cannot be changed; change the config', {
    domain: name,
  })

const missing = ({ name }: Container, target: HostdevTarget): VirtError =>
  new VirtError('device-missing', `container ${name} has no ${describeTarget(target)}`, { domain: name })
