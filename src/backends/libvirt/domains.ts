import type { AffectOptions, CallOptions, DomainDriver, DomainInfo, DomainState } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { type HostdevDef, hostdev } from '../../model/hostdev.js'
import { describeHostdev, sameHostDevice } from '../../model/hostdev-match.js'
import { describeTarget, findHostdev } from '../../model/hostdev-target.js'
import { guestInterface } from '../../model/interface.js'
import { hostdevBehind } from '../../model/interface-hostdev.js'
import { usbController } from '../../model/usb-controller.js'
import type { domain as remoteDomain } from '../../wire/libvirt-rpc/remote-types.js'
import type { XdrValue } from '../../wire/xdr.js'
import { detachAndWait } from './detach-device.js'
import { readGuest } from './guest-xml.js'
import type { Session } from './session.js'
import { watchDomains } from './watch-domains.js'

/** A guest as the protocol knows it. */
export type RemoteDomain = XdrValue<typeof remoteDomain>

/** `virDomainModificationImpact`; neither is the guest as it is now, running or not. */
const affect = { live: 1, config: 2 } as const

/** `VIR_DOMAIN_XML_INACTIVE`: the stored configuration of a guest that runs. */
const xmlInactive = 2

/** States by libvirt's number (`virDomainState`). */
const states: readonly DomainState[] = [
  'nostate',
  'running',
  'blocked',
  'paused',
  'shutdown',
  'shutoff',
  'crashed',
  'pmsuspended',
]

const uuidShape = /^[\da-f]{8}-?([\da-f]{4}-?){3}[\da-f]{12}$/i

/** The guests of a libvirtd, as far as host devices need them. */
export function domainDriver(session: Session): DomainDriver {
  const infoOf = async (dom: RemoteDomain, options: CallOptions): Promise<DomainInfo> => {
    const { name, uuid, id } = dom
    const { state } = await session.call('domainGetState', { dom, flags: 0 }, options, { domain: name })
    return { name, uuid, ...(id >= 0 && { id }), state: states[state] ?? 'nostate' }
  }

  const find = async (nameOrUuid: string, options: CallOptions): Promise<RemoteDomain | undefined> => {
    const byName = session.call('domainLookupByName', { name: nameOrUuid }, options)
    const found = await unlessMissing(byName)
    if (found || !uuidShape.test(nameOrUuid)) return found?.dom
    return (await unlessMissing(session.call('domainLookupByUuid', { uuid: nameOrUuid }, options)))?.dom
  }

  const need = async (name: string, options: CallOptions): Promise<RemoteDomain> =>
    (await session.call('domainLookupByName', { name }, options, { domain: name })).dom

  const read = async (dom: RemoteDomain, impact: Impact, options: CallOptions) => {
    const flags = impact === 'config' ? xmlInactive : 0
    const { xml } = await session.call('domainGetXmlDesc', { dom, flags }, options, { domain: dom.name })
    return { impact, ...readGuest(xml) }
  }

  const guest = (dom: RemoteDomain, options: AffectOptions) => read(dom, impactsOf(dom, options)[0], options)

  /** Every definition that a change is for, the running one first. */
  const readAll = async (dom: RemoteDomain, options: AffectOptions) => {
    const [impact, ...others] = impactsOf(dom, options)
    const rest = others.map((each) => read(dom, each, options))
    return [await read(dom, impact, options), ...(await Promise.all(rest))] as const
  }

  const give = async (name: string, { def, xml }: { def: HostdevDef; xml: string }, options: AffectOptions) => {
    const dom = await need(name, options)
    const before = await readAll(dom, options)
    const lacking = before.filter(({ hostdevs }) => !theirs(hostdevs, def))
    const [only] = lacking
    if (!only) return theirs(before[0].hostdevs, def) ?? missing(name, describeHostdev(def))
    const flags = flagsOf(lacking.length === before.length ? options : { [only.impact]: true })
    await session.call('domainAttachDeviceFlags', { dom, xml, flags }, options, { domain: name })
    const { hostdevs } = await guest(dom, options)
    return theirs(hostdevs, def) ?? newIn(hostdevs, before[0].hostdevs) ?? missing(name, describeHostdev(def))
  }

  return {
    async list(options) {
      const { domains } = await session.call('connectListAllDomains', { needResults: true, flags: 0 }, options)
      const infos = await Promise.all(domains.map((dom) => unlessMissing(infoOf(dom, options))))
      return infos.filter((info) => info !== undefined)
    },
    async lookup(nameOrUuid, options) {
      const dom = await find(nameOrUuid, options)
      return dom && (await unlessMissing(infoOf(dom, options)))
    },
    async hostdevs(name, options) {
      return (await guest(await need(name, options), options)).hostdevs
    },
    async controllers(name, options) {
      return (await guest(await need(name, options), options)).controllers
    },
    async attachController(name, def, options) {
      const dom = await need(name, options)
      const before = await guest(dom, options)
      const args = { dom, xml: usbController.format(def), flags: flagsOf(options) }
      await session.call('domainAttachDeviceFlags', args, options, { domain: name })
      const after = await guest(dom, options)
      return newIn(after.controllers, before.controllers) ?? def
    },
    async detachController(name, index, options) {
      const dom = await need(name, options)
      const { controllers } = await guest(dom, options)
      const there = controllers.find((each) => each.index === index) ?? missing(name, `USB controller ${index}`)
      const args = { dom, xml: usbController.format(there), flags: flagsOf(options) }
      await session.call('domainDetachDeviceFlags', args, options, { domain: name })
    },
    attach: async (name, def, options) => await give(name, { def, xml: hostdev.format(def) }, options),
    attachInterface: async (name, def, options) =>
      await give(name, { def: hostdevBehind(def), xml: guestInterface.format(def) }, options),
    async detach(name, target, options) {
      const dom = await need(name, options)
      const [first, second] = await readAll(dom, options)
      const there = findHostdev(first.hostdevs, target) ?? missing(name, describeTarget(target))
      // what is stored has no alias and no place yet
      if (second && !theirs(second.hostdevs, there)) missing(name, describeTarget(target))
      const args = { dom, xml: first.elementOf(there), flags: flagsOf(options) }
      await detachAndWait(session, args, first.impact === 'live' ? there : undefined, options)
    },
    async shutdown(name, options) {
      await session.call('domainShutdown', { dom: await need(name, options) }, options, { domain: name })
    },
    watch: (options) => watchDomains(session, options),
  }
}

/** One of a guest's two definitions. */
type Impact = 'live' | 'config'

/**
 * Which of its definitions a call is about, the running one first (`virDomainObjUpdateModificationImpact`).
 *
 * @throws VirtError `operation-invalid` for the running one of a guest that does not run
 */
function impactsOf({ name, id }: RemoteDomain, { live, config }: AffectOptions): readonly [Impact, ...Impact[]] {
  const running = id >= 0
  if (live && !running)
    throw new VirtError('operation-invalid', `the guest ${name} is not running; change its config`, {
      domain: name,
      backend: 'libvirt',
    })
  if (live) return config ? ['live', 'config'] : ['live']
  return [config || !running ? 'config' : 'live']
}

const flagsOf = ({ live = false, config = false }: AffectOptions): number =>
  (live ? affect.live : 0) + (config ? affect.config : 0)

/** The device as a guest has it. */
const theirs = (hostdevs: readonly HostdevDef[], def: HostdevDef): HostdevDef | undefined =>
  hostdevs.find((each) => sameHostDevice(each, def))

/** What a list has that it had not before. */
function newIn<T>(after: readonly T[], before: readonly T[]): T | undefined {
  const old = new Set(before.map((each) => JSON.stringify(each)))
  return after.find((each) => !old.has(JSON.stringify(each)))
}

function missing(domain: string, what: string): never {
  throw new VirtError('device-missing', `the guest ${domain} has no ${what}`, {
    domain,
    backend: 'libvirt',
  })
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (VirtError.is(error, 'no-domain')) return undefined
    throw error
  }
}
