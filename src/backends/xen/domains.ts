import type { AffectOptions, DomainDriver } from '../../backend.js'
import { errorDomains, notTakenBack, VirtError } from '../../errors.js'
import type { XlConfig } from '../../formats/xl-config.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { describeHostdev, sameHostDevice } from '../../model/hostdev-match.js'
import { describeTarget, findHostdev, type HostdevTarget } from '../../model/hostdev-target.js'
import type { GuestConfigs } from './guest-configs.js'
import { type Guests, noGuest, type RunningGuest } from './guests.js'
import { refuseScsi } from './scsi.js'
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

  /** Changes the xl.cfg of a guest for each of some devices, at once. */
  const edit = async (
    name: string,
    change: (config: XlConfig, def: HostdevDef) => void,
    defs: Iterable<HostdevDef>,
    { signal }: AffectOptions,
  ) => {
    const all = [...defs]
    if (all.length === 0) return
    const changeAll = (config: XlConfig) => {
      for (const def of all) change(config, def)
    }
    await configs.edit(name, changeAll, signal)
  }

  /** Adds devices to a guest's xl.cfg; answers them as they stand there, and which of them are new. */
  const store = async (name: string, defs: readonly HostdevDef[], options: AffectOptions) => {
    const there = async () => {
      const hostdevs = (await configs.need(name)).config.hostdevs()
      return defs.map((def) => hostdevs.find((each) => sameHostDevice(each, def)))
    }
    const before = await there()
    const added = defs.filter((_, at) => before[at] === undefined)
    await edit(name, (config, def) => config.add(def), added, options)
    const after = await there()
    return { defs: defs.map((def, at) => after[at] ?? def), added }
  }

  /**
   * Gives a running guest what it has not yet, each kind of device in one change; answers all of them as it has them.
   */
  const give = async (guest: RunningGuest, defs: readonly HostdevDef[], options: AffectOptions) => {
    const there = await live(guest, options)
    const answers = defs.map((def) => there.find((each) => sameHostDevice(each, def)))
    const given: { readonly kind: DeviceKind; readonly made: readonly HostdevDef[] }[] = []
    try {
      for (const kind of kinds) {
        const lacking = [...defs.entries()].filter(([at, def]) => !answers[at] && kindOf(def) === kind)
        if (lacking.length === 0) continue
        const made = await kind.attach(
          guest,
          lacking.map(([, def]) => def),
          options,
        )
        given.push({ kind, made })
        for (const [i, [at]] of lacking.entries()) answers[at] = made[i]
      }
      return defs.map((def, at) => answers[at] ?? def)
    } catch (error) {
      for (const { kind, made } of given.reverse())
        await kind.detach(guest, made, {}).catch((failure: unknown) => {
          throw notTakenBack(error, failure, (why) => `what was given before remains (${why})`)
        })
      throw error
    }
  }

  const attachAll = async (
    domain: string,
    defs: readonly HostdevDef[],
    options: AffectOptions,
  ): Promise<HostdevDef[]> => {
    await refuseScsi(host, defs)
    for (const def of defs) kindOf(def)
    const wanted = await affected(domain, options)
    const guest = wanted.live ? await guests.needRunning(domain, options) : undefined
    // the one that can be taken back without a trace comes first
    const stored = wanted.config ? await store(wanted.name, defs, options) : undefined
    if (!guest) return stored?.defs ?? [...defs]
    try {
      return await give(guest, defs, options)
    } catch (error) {
      await edit(wanted.name, (config, def) => config.remove(def), stored?.added ?? [], {})
      throw error
    }
  }

  const detachAll = async (
    domain: string,
    targets: readonly HostdevTarget[],
    options: AffectOptions,
  ): Promise<void> => {
    const wanted = await affected(domain, options)
    const guest = wanted.live ? await guests.needRunning(domain, options) : undefined
    const there = guest ? await live(guest, options) : []
    const running = guest ? targets.map((target) => need(wanted.name, there, target)) : []
    // both are looked for before either is changed
    const config = wanted.config ? (await configs.need(wanted.name)).config.hostdevs() : []
    const stored = wanted.config ? targets.map((target, at) => need(wanted.name, config, running[at] ?? target)) : []
    if (guest)
      for (const kind of kinds) {
        const own = [...new Set(running)].filter((def) => kindOf(def) === kind)
        if (own.length > 0) await kind.detach(guest, own, options)
      }
    await edit(wanted.name, (config, def) => config.remove(def), new Set(stored), options)
  }

  return {
    list: (options) => guests.list(options),
    lookup: (nameOrUuid, options) => guests.find(nameOrUuid, options),
    async hostdevs(domain, options) {
      const wanted = await affected(domain, options)
      if (!wanted.live && wanted.config) return (await configs.need(wanted.name)).config.hostdevs()
      return await live(await guests.needRunning(domain, options), options)
    },
    attach: async (domain, def, options) => (await attachAll(domain, [def], options))[0] ?? def,
    attachAll,
    detach: async (domain, target, options) => await detachAll(domain, [target], options),
    detachAll,
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
