import {
  type AffectOptions,
  type Backend,
  type CallOptions,
  type DetachHostdevOptions,
  type DomainInfo,
  type DomainState,
  need,
} from '../backend.js'
import { VirtError } from '../errors.js'
import type { HostdevDef } from '../model/hostdev.js'
import { parseHostdevRequest } from '../model/hostdev-request.js'
import { type HostdevTarget, parseHostdevTarget } from '../model/hostdev-target.js'
import { hostdevBehind } from '../model/interface-hostdev.js'
import type { DeviceSelector } from '../model/selector.js'
import type { UsbControllerDef } from '../model/usb-controller.js'
import type { HostdevInterface } from '../model/vf-config.js'
import { allEnded, attachAll, attachOne } from './attach-all.js'
import { resolveSelector } from './devices-meant.js'
import { domainsOf } from './domains-of.js'
import type { EventWatch } from './event-watch.js'
import { type FollowOptions, follow } from './follow.js'
import type { FollowEvent } from './follow-event.js'
import type { FollowLimit } from './follow-pace.js'
import type { Owner } from './owner.js'
import { proposed } from './proposed.js'

/**
 * A host device: its def, its XML in libvirt's spelling or one of the proposals', or a selector that means one device
 * of the host, for which {@link NodeDevice.toHostdev} chooses how it is given. Also an interface of type hostdev, as
 * def or XML: a virtual function of a network card, whose hardware address and VLAN the card is told.
 */
export type HostdevRequest = HostdevDef | HostdevInterface | string | DeviceSelector

/**
 * A host device that a guest has: its def or XML, as host device or as the interface that it is; a selector; its alias;
 * or its address in the guest, also as the `<target dev='001.005'/>` of the proposal of 2007.
 */
export type DetachRequest = HostdevTarget | HostdevInterface | string | DeviceSelector

const brand = Symbol.for('hostdev.Domain')

/**
 * A guest. The handle holds the name only; each call asks the hypervisor anew. Answers to `virDomain`, as far as host
 * devices need it.
 */
export class Domain {
  readonly #owner: Owner

  /** @internal */
  constructor(
    /** Unique on its host (`virDomainGetName`). */
    readonly name: string,
    owner: Owner,
  ) {
    this.#owner = owner
    Object.defineProperty(this, brand, { value: true })
  }

  /** Name, UUID, number and state as they are now. @throws VirtError `no-domain` when it is gone */
  async info(options: CallOptions = {}): Promise<DomainInfo> {
    const info = await domainsOf(this.#owner.read(options)).lookup(this.name, options)
    if (!info) throw new VirtError('no-domain', `the guest ${this.name} is gone`, { domain: this.name })
    return info
  }

  /** Its UUID (`virDomainGetUUIDString`). */
  async uuid(options: CallOptions = {}): Promise<string | undefined> {
    return (await this.info(options)).uuid
  }

  /** What it is doing (`virDomainGetState`). */
  async state(options: CallOptions = {}): Promise<DomainState> {
    return (await this.info(options)).state
  }

  /** The host devices it has. */
  async hostdevs(options: AffectOptions = {}): Promise<HostdevDef[]> {
    return await domainsOf(this.#owner.read(options)).hostdevs(this.name, options)
  }

  /**
   * Gives it a host device. Answers with the def as the guest has it. Attaching what it has already is an answer, not a
   * failure (`virDomainAttachDeviceFlags`). An interface of type hostdev has its hardware address and VLAN set on the
   * card, none when it names none, and the card has back what it had before when the guest gives it back.
   *
   * @throws VirtError `ambiguous` with the candidates when a selector means several devices, `no-node-device` when it
   * means none; `unsupported` for an interface where guests are given none, `config-unsupported` (libvirt's 67) for one
   * with several VLANs or a `virtualport`, and for a QEMU guest without libvirt for one that is not managed
   */
  async attachHostdev(wanted: HostdevRequest, options: AffectOptions = {}): Promise<HostdevDef> {
    const backend = this.#owner.change(options)
    return await attachOne(backend, this.name, await requested(backend, wanted, options), options)
  }

  /**
   * Gives it several host devices, all of them or none: in one change where its hypervisor can, as Xen does for USB
   * devices, else one after the other. When one cannot be given, those that were given before it are taken back.
   *
   * @throws VirtError what the device that failed says; its message also names what could not be taken back
   */
  async attachHostdevs(wanted: readonly HostdevRequest[], options: AffectOptions = {}): Promise<HostdevDef[]> {
    const backend = this.#owner.change(options)
    const defs: (HostdevDef | HostdevInterface)[] = []
    for (const each of wanted) defs.push(await requested(backend, each, options))
    return await attachAll(backend, this.name, defs, options)
  }

  /**
   * Takes a host device back, and ends when the guest has let go of it (`virDomainDetachDeviceFlags`).
   *
   * @throws VirtError `timeout` when the guest does not answer, `operation-failed` when it refuses, `device-missing`
   * when it has no such device
   */
  async detachHostdev(wanted: DetachRequest, options: DetachHostdevOptions = {}): Promise<void> {
    const backend = this.#owner.change(options)
    await domainsOf(backend).detach(this.name, await targeted(backend, wanted, options), options)
  }

  /**
   * Takes several host devices back, all at once: the guest is asked for each of them before the first has gone. Where
   * its hypervisor takes them in one change, as Xen does, the guest keeps all of them when one cannot be taken.
   *
   * @throws VirtError of the first that could not be taken back, when all the others have ended; its message names how
   * many there are
   */
  async detachHostdevs(wanted: readonly DetachRequest[], options: DetachHostdevOptions = {}): Promise<void> {
    const backend = this.#owner.change(options)
    const domains = domainsOf(backend)
    if (!domains.detachAll) return await allEnded(wanted.map((each) => this.detachHostdev(each, options)))
    const targets: HostdevTarget[] = []
    for (const each of wanted) targets.push(await targeted(backend, each, options))
    await domains.detachAll(this.name, targets, options)
  }

  /**
   * Keeps a device with this guest: attaches it now and at each replug, whenever the guest runs, and takes from the
   * guest what was unplugged. Answers with what it does, event by event; ends when that is disposed of or the signal is
   * aborted. The device may come later, and so may the guest, whose running configuration alone is changed.
   *
   * @throws VirtError `unsupported` where devices cannot be watched, `invalid-argument` for an empty selector
   */
  async follow(
    device: DeviceSelector,
    options: FollowOptions & { limit?: FollowLimit } = {},
  ): Promise<EventWatch<FollowEvent>> {
    const { limit, ...rest } = options
    const rule = { domain: this.name, device, ...(limit && { limit }) }
    return await follow(this.#owner.change(options), [rule], rest)
  }

  /**
   * Has it stop. A container has the interfaces that it was given taken back first, each looked for on the host by name
   * and MAC; it gets them again when it does not stop, and has them at its next start. Of other guests the hypervisor
   * gives devices back by itself: a libvirtd asks the guest, and answers before that has ended (`virDomainShutdown`).
   *
   * @throws VirtError `operation-invalid` when it does not run, `operation-failed` when it does not stop or an
   * interface does not come back, `unsupported` where this is for whoever has started it
   */
  async shutdown(options: CallOptions = {}): Promise<void> {
    const backend = this.#owner.change(options)
    await need(backend, domainsOf(backend), 'shutdown')(this.name, options)
  }

  /** The USB controllers it has. */
  async controllers(options: AffectOptions = {}): Promise<UsbControllerDef[]> {
    const backend = this.#owner.read(options)
    return await need(backend, domainsOf(backend), 'controllers')(this.name, options)
  }

  /** Gives it a USB controller; answers with its index and defaults filled in. */
  async attachController(def: UsbControllerDef, options: AffectOptions = {}): Promise<UsbControllerDef> {
    const backend = this.#owner.change(options)
    return await need(backend, domainsOf(backend), 'attachController')(this.name, def, options)
  }

  /** Takes a USB controller back, with every device on it. */
  async detachController(index: number, options: AffectOptions = {}): Promise<void> {
    const backend = this.#owner.change(options)
    await need(backend, domainsOf(backend), 'detachController')(this.name, index, options)
  }
}

/** The def of what is wanted. */
async function requested(
  backend: Backend,
  wanted: HostdevRequest,
  options: CallOptions,
): Promise<HostdevDef | HostdevInterface> {
  if (typeof wanted === 'string') return parseHostdevRequest(wanted)
  return 'kind' in wanted
    ? wanted
    : (await proposed(backend, await resolveSelector(backend, wanted, options), options)).hostdev
}

/** The device of a guest that is meant. */
async function targeted(backend: Backend, wanted: DetachRequest, options: CallOptions): Promise<HostdevTarget> {
  if (typeof wanted === 'string') return parseHostdevTarget(wanted)
  if ('kind' in wanted && wanted.kind === 'hostdev') return hostdevBehind(wanted)
  if ('kind' in wanted || 'alias' in wanted || 'address' in wanted) return wanted
  return (await proposed(backend, await resolveSelector(backend, wanted, options), options)).hostdev
}
