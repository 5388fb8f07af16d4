import {
  type Ability,
  type Backend,
  type CallOptions,
  type DefOptions,
  type DeviceEvent,
  type DeviceFilter,
  type DomainEvent,
  need,
  optionalDeviceCalls,
  optionalDomainCalls,
  type Recovered,
  type Warning,
  type WatchOptions,
} from '../backend.js'
import { VirtError } from '../errors.js'
import { checkDeviceName } from '../model/device-name.js'
import { halCandidates, isHalKey } from '../model/hal-names.js'
import { parseNewNodeDevice } from '../model/new-node-device.js'
import { capabilityOf, type NodeDeviceDef } from '../model/node-device.js'
import type { DeviceSelector } from '../model/selector.js'
import { defsMeant, defsOf, resolveSelector } from './devices-meant.js'
import { Domain } from './domain.js'
import { domainsOf, noGuests } from './domains-of.js'
import { EventWatch } from './event-watch.js'
import { type FollowOptions, follow } from './follow.js'
import type { FollowEvent } from './follow-event.js'
import type { FollowRule } from './follow-one.js'
import { freeFunction } from './free-function.js'
import { NodeDevice } from './node-device.js'
import { notFound } from './not-found.js'

/** Which devices to list, and how the call ends early. */
export interface ListOptions extends DeviceFilter, CallOptions {
  /** Only devices that can be given to a guest without harm, or only the others ({@link NodeDevice.assignability}). */
  assignable?: boolean
}

const brand = Symbol.for('hostdev.Connection')

/** An open host. Made by {@link connect}; answers to `virConnect`. */
export class Connection implements AsyncDisposable {
  readonly #backend: Backend
  #closed = false

  /** @internal */
  constructor(
    backend: Backend,
    /** Whether every change is refused. */
    readonly readOnly: boolean,
  ) {
    this.#backend = backend
    Object.defineProperty(this, brand, { value: true })
  }

  /** The URI under which this host is opened again (`virConnectGetURI`). */
  get uri(): string {
    return this.#backend.uri
  }

  /** Devices, sorted by name. Answers to `virConnectListAllNodeDevices`. */
  async listNodeDevices(options: ListOptions = {}): Promise<NodeDevice[]> {
    return (await this.#names(options)).map((name) => this.#handle(name))
  }

  /** How many there are (`virNodeNumOfDevices`). */
  async numOfNodeDevices(options: ListOptions = {}): Promise<number> {
    return (await this.#names(options)).length
  }

  /**
   * Full defs in bulk, as they are read: quicker than asking each device. What vanishes meanwhile is left out.
   */
  async *nodeDeviceDefs(options: ListOptions & DefOptions = {}): AsyncGenerator<NodeDeviceDef, void, undefined> {
    const backend = this.#open(options)
    if (options.assignable === undefined) {
      yield* defsOf(backend, options, options)
      return
    }
    for (const name of await this.#names(options)) {
      const def = await backend.devices.lookup(name, options)
      if (def) yield def
    }
  }

  /**
   * The device of that name (`virNodeDeviceLookupByName`).
   *
   * @throws VirtError `no-node-device` with the nearest names as candidates, `invalid-argument` for what is no name
   */
  async lookupNodeDevice(name: string, options: CallOptions = {}): Promise<NodeDevice> {
    const backend = this.#open(options)
    checkDeviceName(name)
    if (await backend.devices.lookup(name, options)) return this.#handle(name)
    throw await this.#missing(name, name, options)
  }

  /**
   * The device at a folder in /sys, or that HAL had under that udi or name: the lookup by key that the 2008
   * proposal has and libvirt lacks.
   *
   * @throws VirtError `no-node-device`, `ambiguous` with the candidates when HAL's name fits several
   */
  async lookupNodeDeviceByKey(key: string, options: CallOptions = {}): Promise<NodeDevice> {
    const backend = this.#open(options)
    const name = isHalKey(key)
      ? await this.#nameInHal(key, options)
      : await need(backend, backend.devices, 'lookupByKey')(key, options)
    if (name !== undefined) return this.#handle(name)
    throw await this.#missing(key, key.split('/').at(-1) ?? key, options)
  }

  /**
   * The SCSI host with that world wide node and port name, in any case, with or without `0x`
   * (`virNodeDeviceLookupSCSIHostByWWN`).
   *
   * @throws VirtError `no-node-device`
   */
  async lookupNodeDeviceScsiHostByWwn(wwnn: string, wwpn: string, options: CallOptions = {}): Promise<NodeDevice> {
    const [node, port] = [wwn(wwnn), wwn(wwpn)]
    for await (const def of this.nodeDeviceDefs({ ...options, capability: 'fc_host' })) {
      const fc = capabilityOf(def, 'scsi_host')?.fcHost
      if (wwn(fc?.wwnn ?? '') === node && wwn(fc?.wwpn ?? '') === port) return this.#handle(def.name)
    }
    throw new VirtError('no-node-device', `no SCSI host has the node name ${node} and the port name ${port}`)
  }

  /** Makes a virtual device: an NPIV vHBA or a mediated device (`virNodeDeviceCreateXML`). */
  async createNodeDevice(device: NodeDeviceDef | string, options: CallOptions = {}): Promise<NodeDevice> {
    const backend = this.#change(options)
    return this.#handle(await need(backend, backend.devices, 'create')(toDef(device), options))
  }

  /** Defines a device that outlives the host's reboot, without starting it (`virNodeDeviceDefineXML`). */
  async defineNodeDevice(device: NodeDeviceDef | string, options: CallOptions = {}): Promise<NodeDevice> {
    const backend = this.#change(options)
    return this.#handle(await need(backend, backend.devices, 'define')(toDef(device), options))
  }

  /**
   * A virtual function of an SR-IOV device that nobody has: what libvirt's networks of VFs choose from. Two callers may
   * find the same one; the first to detach or attach it has it.
   *
   * @param physical - name of the physical function
   * @throws VirtError `no-node-device`, `operation-unsupported` for a device without any, `resource-busy` when all are
   * in use
   */
  async findFreeVirtualFunction(physical: string, options: CallOptions = {}): Promise<NodeDevice> {
    const device = await this.lookupNodeDevice(physical, options)
    return this.#handle(await freeFunction(this.#open(options), await device.def(options), options))
  }

  /**
   * The one device that a selector means.
   *
   * @throws VirtError `no-node-device` for none, `ambiguous` with the candidates for several
   */
  async resolve(selector: DeviceSelector, options: CallOptions = {}): Promise<NodeDevice> {
    return this.#handle((await resolveSelector(this.#open(options), selector, options)).name)
  }

  /** Every device that a selector means, as they are read; none is no error. */
  async *findNodeDevices(
    selector: DeviceSelector,
    options: DefOptions = {},
  ): AsyncGenerator<NodeDeviceDef, void, undefined> {
    yield* defsMeant(this.#open(options), selector, options)
  }

  /**
   * Events of devices. Subscribed when it answers: nothing that happens afterwards is missed
   * (`virConnectNodeDeviceEventRegisterAny`).
   */
  async watchNodeDevices(options: WatchOptions = {}): Promise<EventWatch<DeviceEvent>> {
    const backend = this.#open(options)
    return new EventWatch(await need(backend, backend.devices, 'watch')(options))
  }

  /** Guests, sorted by name (`virConnectListAllDomains`). @throws VirtError `unsupported` where there are none */
  async listDomains(options: CallOptions = {}): Promise<Domain[]> {
    const infos = await domainsOf(this.#open(options)).list(options)
    return infos.map(({ name }) => this.#domain(name)).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * The guest of that name or UUID (`virDomainLookupByName`, `virDomainLookupByUUIDString`).
   *
   * @throws VirtError `no-domain` with the nearest names as candidates
   */
  async lookupDomain(nameOrUuid: string, options: CallOptions = {}): Promise<Domain> {
    const domains = domainsOf(this.#open(options))
    const info = await domains.lookup(nameOrUuid, options)
    if (info) return this.#domain(info.name)
    const names = (await domains.list(options)).map(({ name }) => name)
    throw notFound('no-domain', nameOrUuid, names)
  }

  /** Events of guests and of their devices (`virConnectDomainEventRegisterAny`). Subscribed when it answers. */
  async watchDomains(options: CallOptions = {}): Promise<EventWatch<DomainEvent>> {
    const backend = this.#open(options)
    return new EventWatch(await need(backend, domainsOf(backend), 'watch')(options))
  }

  /**
   * Keeps devices with guests, each by a rule: as {@link Domain.follow} does one, all in one stream of events.
   *
   * @throws VirtError `unsupported` where devices cannot be watched or there are no guests
   */
  async follow(rules: readonly FollowRule[], options: FollowOptions = {}): Promise<EventWatch<FollowEvent>> {
    return await follow(this.#change(options), rules, options)
  }

  /** What can be done here, and for what cannot, why and what would help. */
  async probe(options: CallOptions = {}): Promise<Ability[]> {
    const backend = this.#open(options)
    const known = (await backend.probe?.(options)) ?? []
    const told = new Set(known.map(({ call }) => call))
    const ability = (call: string, can: boolean): Ability => {
      const absent = call.startsWith('domains') && !backend.domains ? noGuests(backend) : undefined
      const reason = absent ?? backend.lacks?.[call] ?? `the ${backend.name} backend has none`
      return { call, can, ...(!can && { reason }) }
    }
    const rest = [
      ...optionalDeviceCalls.map((method) => ability(`devices.${method}`, method in backend.devices)),
      ability('domains', backend.domains !== undefined),
      ...optionalDomainCalls.map((method) => ability(`domains.${method}`, method in (backend.domains ?? {}))),
    ]
    return [...known, ...rest.filter(({ call }) => !told.has(call))]
  }

  /**
   * Brings changes of the host that were cut off to an end: what was being given away is taken back. Changes that
   * others are making, and writes that hang, are left alone and reported. Hosts of QEMU and Xen also have managed
   * devices back that their guests had when they ended.
   */
  async recover(options: CallOptions = {}): Promise<Recovered[]> {
    const backend = this.#change(options)
    return await need(backend, backend.devices, 'recover')(options)
  }

  /** What about the host was found odd so far: files that cannot be read or hold nonsense. */
  warnings(): readonly Warning[] {
    return this.#open().devices.warnings?.() ?? []
  }

  /** Ends the connection; whatever it holds is let go. Later calls answer `operation-invalid`. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#backend[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #open(options: CallOptions = {}): Backend {
    options.signal?.throwIfAborted()
    if (this.#closed) throw new VirtError('operation-invalid', `the connection to ${this.uri} is closed; open another`)
    return this.#backend
  }

  #change(options: CallOptions): Backend {
    const backend = this.#open(options)
    if (this.readOnly)
      throw new VirtError('read-only', `the connection to ${this.uri} is read-only; open it without readOnly to change`)
    return backend
  }

  async #names(options: ListOptions): Promise<string[]> {
    const backend = this.#open(options)
    const names = (await backend.devices.list(options, options)).sort()
    const { assignable } = options
    if (assignable === undefined) return names
    const answers = await need(backend, backend.devices, 'assignability')(names, options)
    return names.filter((name) => answers.get(name)?.assignable === assignable)
  }

  #handle(name: string): NodeDevice {
    return new NodeDevice(name, {
      read: (options) => this.#open(options),
      change: (options) => this.#change(options),
      missing: (options) => this.#missing(name, name, options),
    })
  }

  async #nameInHal(key: string, options: CallOptions): Promise<string | undefined> {
    const defs: NodeDeviceDef[] = []
    for await (const def of this.nodeDeviceDefs(options)) defs.push(def)
    const candidates = halCandidates(defs, key).map(({ name }) => name)
    if (candidates.length <= 1) return candidates[0]
    const shown = JSON.stringify(key.slice(0, 200)).slice(1, -1)
    throw new VirtError('ambiguous', `${shown} fits ${candidates.length} devices; take one of them by its name`, {
      candidates,
    })
  }

  async #missing(wanted: string, like: string, options: CallOptions): Promise<VirtError> {
    return notFound('no-node-device', wanted, await this.#names(options), like)
  }

  #domain(name: string): Domain {
    return new Domain(name, {
      read: (options) => this.#open(options),
      change: (options) => this.#change(options),
    })
  }
}

const wwn = (text: string): string => text.toLowerCase().replace(/^0x/, '')

const toDef = (device: NodeDeviceDef | string): NodeDeviceDef =>
  typeof device === 'string' ? parseNewNodeDevice(device) : device
