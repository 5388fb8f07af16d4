import {
  type AffectOptions,
  type Backend,
  type CallOptions,
  type DomainDriver,
  type DomainInfo,
  type DomainState,
  need,
} from '../backend.js'
import { VirtError } from '../errors.js'
import type { HostdevDef } from '../model/hostdev.js'
import { parseHostdev } from '../model/hostdev-dialects.js'
import type { UsbControllerDef } from '../model/usb-controller.js'

/** What a handle may ask of its connection. */
interface Owner {
  read(options: CallOptions): Backend
  change(options: CallOptions): Backend
}

/** A host device: its def, or its XML in libvirt's spelling or one of the proposals'. */
export type HostdevRequest = HostdevDef | string

const brand = Symbol.for('hostdev.Domain')

/** The drivers of a backend's guests. @throws VirtError `unsupported` where there are none */
export function domainsOf(backend: Backend): DomainDriver {
  if (backend.domains) return backend.domains
  throw new VirtError('unsupported', `the ${backend.name} backend has no guests; open a hypervisor's URI for them`, {
    backend: backend.name,
  })
}

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
   * Gives it a host device: a def, or its XML. Answers with the def as the
   * guest has it. Attaching what it has already is an answer, not a failure (`virDomainAttachDeviceFlags`).
   */
  async attachHostdev(wanted: HostdevRequest, options: AffectOptions = {}): Promise<HostdevDef> {
    const domains = domainsOf(this.#owner.change(options))
    return await domains.attach(this.name, toHostdev(wanted), options)
  }

  /**
   * Takes a host device back, and ends when the guest has let go of it (`virDomainDetachDeviceFlags`).
   *
   * @throws VirtError `timeout` when the guest does not answer, `operation-failed` when it refuses
   */
  async detachHostdev(wanted: HostdevRequest, options: AffectOptions = {}): Promise<void> {
    const domains = domainsOf(this.#owner.change(options))
    await domains.detach(this.name, toHostdev(wanted), options)
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

const toHostdev = (wanted: HostdevRequest): HostdevDef => (typeof wanted === 'string' ? parseHostdev(wanted) : wanted)
