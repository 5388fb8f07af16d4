import type { AffectOptions, DomainDriver } from '../../backend.js'
import { errorDomains, VirtError } from '../../errors.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { describeHostdev, sameHostDevice } from '../../model/hostdev-match.js'
import { describeTarget, findHostdev, type HostdevTarget } from '../../model/hostdev-target.js'
import type { GuestConfigs } from './guest-configs.js'
import { type Guests, noGuest, type RunningGuest } from './guests.js'
import { changeable } from './usb.js'
import { attachController, controllerStatus, detachController } from './usb-controllers.js'
import { readControllers } from './usb-store.js'
import { watchDomains } from './watch-domains.js'
import type { DeviceKind, XenHost } from './xen-host.js'

/** What the driver of guests works with. */
export interface DomainParts {
  readonly host: XenHost
  readonly guests: Guests
  readonly configs: GuestConfigs
  readonly kinds: readonly DeviceKind[]
}

/** The guests of a Xen host, as every hypervisor's backend offers them. */
export function domainDriver({ host, guests, configs, kinds }: DomainParts): DomainDriver {
  const live = async (guest: RunningGuest, options: AffectOptions): Promise<HostdevDef[]> =>
    (await Promise.all(kinds.map((kind) => kind.list(guest, options)))).flat()

  const kindOf = (def: HostdevDef): DeviceKind => {
    const found = kinds.find(({ kind }) => kind === def.kind)
    if (found) return found
    throw new VirtError(
      'config-unsupported',
      `guests of Xen cannot be given ${describeHostdev(def)}; they take devices of type ${kinds.map(({ kind }) => kind).join(', ')}`,
      { errorDomain: errorDomains.xen },
    )
  }

  /** Which of a guest's two configurations is meant. */
  const affected = async (domain: string, options: AffectOptions) => {
    const info = await guests.find(domain, options)
    if (!info) throw noGuest(domain)
    const isRunning = info.id !== undefined
    const both = options.live === undefined && options.config === undefined
    return { name: info.name, live: both ? isRunning : options.live, config: both ? !isRunning : options.config }
  }

  /** Adds a device to a guest's xl.cfg; answers it as it stands there. */
  const store = async (name: string, def: HostdevDef, { signal }: AffectOptions) => {
    const find = async () => {
      const { config } = await configs.need(name)
      return config.hostdevs().find((each) => sameHostDevice(each, def))
    }
    const isNew = (await find()) === undefined
    if (isNew) await configs.edit(name, (config) => config.add(def), signal)
    return { def: (await find()) ?? def, isNew }
  }

  return {
    list: (options) => guests.list(options),
    lookup: (nameOrUuid, options) => guests.find(nameOrUuid, options),
    async hostdevs(domain, options) {
      const wanted = await affected(domain, options)
      if (!wanted.live && wanted.config) return (await configs.need(wanted.name)).config.hostdevs()
      return await live(await guests.needRunning(domain, options), options)
    },
    async attach(domain, def, options) {
      const kind = kindOf(def)
      const wanted = await affected(domain, options)
      const guest = wanted.live ? await guests.needRunning(domain, options) : undefined
      // the one that can be taken back without a trace comes first
      const stored = wanted.config ? await store(wanted.name, def, options) : undefined
      if (!guest) return stored?.def ?? def
      try {
        const there = (await kind.list(guest, options)).find((each) => sameHostDevice(each, def))
        return there ?? (await kind.attach(guest, [def], options))[0] ?? def
      } catch (error) {
        if (stored?.isNew) await configs.edit(wanted.name, (config) => config.remove(stored.def))
        throw error
      }
    },
    async detach(domain, target, options) {
      const wanted = await affected(domain, options)
      const guest = wanted.live ? await guests.needRunning(domain, options) : undefined
      const running = guest && need(wanted.name, await live(guest, options), target)
      // both are looked for before either is changed
      const stored =
        wanted.config && need(wanted.name, (await configs.need(wanted.name)).config.hostdevs(), running ?? target)
      if (guest && running) await kindOf(running).detach(guest, [running], options)
      if (stored) await configs.edit(wanted.name, (config) => config.remove(stored), options.signal)
    },
    async controllers(domain, options) {
      const wanted = await affected(domain, options)
      if (!wanted.live && wanted.config) return (await configs.need(wanted.name)).config.usbControllers()
      const { id } = await guests.needRunning(domain, options)
      const controllers = await readControllers(host.store, id)
      return await Promise.all(controllers.map((controller) => controllerStatus(host, controller)))
    },
    async attachController(domain, def, options) {
      const wanted = await affected(domain, options)
      if (wanted.config) await configs.edit(wanted.name, (config) => config.addController(def), options.signal)
      if (!wanted.live) return (await configs.need(wanted.name)).config.usbControllers().at(-1) ?? def
      return await attachController(host, changeable(host), await guests.needRunning(domain, options), def, options)
    },
    async detachController(domain, index, options) {
      const wanted = await affected(domain, options)
      if (wanted.live)
        await detachController(host, changeable(host), await guests.needRunning(domain, options), index, options)
      if (wanted.config) await configs.edit(wanted.name, (config) => config.removeController(index), options.signal)
    },
    watch: (options) => watchDomains(host.store, guests, live, options),
  }
}

/** The device of a guest that is meant. @throws VirtError `device-missing` */
function need(domain: string, hostdevs: readonly HostdevDef[], target: HostdevTarget): HostdevDef {
  const found = findHostdev(hostdevs, target)
  if (found) return found
  throw new VirtError('device-missing', `the guest ${domain} has no ${describeTarget(target)}`, {
    domain,
    errorDomain: errorDomains.xen,
  })
}
