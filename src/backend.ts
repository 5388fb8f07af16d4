import { VirtError } from './errors.js'
import type { Assignability } from './model/finding.js'
import type { HostStep } from './model/host-step.js'
import type { HostdevDef } from './model/hostdev.js'
import type { HostdevTarget } from './model/hostdev-target.js'
import type { NodeDeviceDef } from './model/node-device.js'
import type { ToHostdevOptions } from './model/to-hostdev.js'
import type { UsbControllerDef } from './model/usb-controller.js'
import type { HostdevInterface, VfConfig } from './model/vf-config.js'

/** Options every asynchronous call takes. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  signal?: AbortSignal
}

/** Which devices are meant; groups combine with "and", words of one group with "or". */
export interface DeviceFilter {
  /** libvirt's word for a kind or nested capability: `pci`, `fc_host`, `vports`, `mdev_types`, `vpd`… */
  capability?: string | readonly string[]
  /** A bus as the 2008 proposal's ByBus calls mean it: pci, usb, scsi, ccw, css, ap, mdev… */
  bus?: string | readonly string[]
  /** Devices that are there, or only defined; both unless told. */
  state?: 'active' | 'inactive'
  /** Devices with a definition that outlives the device, or without. */
  persistence?: 'persistent' | 'transient'
}

/** What is known of a device beside its def. */
export interface DeviceState {
  active: boolean
  persistent: boolean
  autostart: boolean
}

/** How a def is to be read from the host. */
export interface DefOptions extends CallOptions {
  /** As libvirt says it, where that is known to be wrong or less. */
  compat?: boolean
  /** The persistent definition rather than the device that is there (`VIR_NODE_DEVICE_XML_INACTIVE`). */
  inactive?: boolean
}

/** What happened to a device; `merged` when it stands for several that came too fast to be told apart. */
export interface DeviceEvent {
  /**
   * created, deleted, updated, defined and undefined are libvirt's (`virNodeDeviceEventLifecycleType`, and the update
   * event); driver, iommu-group and link are changes that libvirt does not tell.
   */
  readonly kind: 'created' | 'deleted' | 'updated' | 'defined' | 'undefined' | 'driver' | 'iommu-group' | 'link'
  /** Name of the device. */
  readonly device: string
  readonly merged?: true
}

/** What happened to a guest, or to one of its devices. */
export interface DomainEvent {
  /** Lifecycle as libvirt tells it, and the end of an unplug: removed, or refused by the guest. */
  readonly kind: 'started' | 'stopped' | 'defined' | 'undefined' | 'device-added' | 'device-removed' | 'removal-failed'
  readonly domain: string
  /** Alias of the device, for the last three. */
  readonly alias?: string
  /** When it stands for several that came too fast for the one who watches. */
  readonly merged?: true
}

/** Events as they come. Subscribed when it is answered; ends when it is disposed of or its signal is aborted. */
export interface Watch<E> extends AsyncIterable<E>, AsyncDisposable {}

/** Which events are wanted. */
export interface WatchOptions extends CallOptions {
  /** Only devices of this kind. */
  capability?: string
  /** Only this device. */
  device?: string
}

/** What was accepted or left out though something about it is wrong. */
export interface Warning {
  /** The file or XML path it is about. */
  path: string
  problem: string
}

/**
 * The host's own devices. `list` and `lookup` are owed; a backend leaves out what it cannot do, and calls of it
 * answer `unsupported`. Names are checked before they come here. Answers to `virNodeDeviceDriver`.
 */
export interface DeviceDriver {
  /** Names of the devices that match, in any order; cheaper than their defs. */
  list(filter: DeviceFilter, options: CallOptions): Promise<string[]>
  /** The device of that name; `undefined` when there is none. */
  lookup(name: string, options: DefOptions): Promise<NodeDeviceDef | undefined>
  /** The name of the device at a sysfs path, or of that HAL key. */
  lookupByKey?(key: string, options: CallOptions): Promise<string | undefined>
  /** The other USB port of the same socket: `4-2` of `3-2`. */
  companionPort?(port: string, options: CallOptions): Promise<string | undefined>
  /** Full defs in bulk, as they are read. */
  defs?(filter: DeviceFilter, options: DefOptions): AsyncIterable<NodeDeviceDef>
  /** What is left out of the defs and why. */
  warnings?(): readonly Warning[]
  state?(name: string, options: CallOptions): Promise<DeviceState>
  create?(def: NodeDeviceDef, options: CallOptions): Promise<string>
  destroy?(name: string, options: CallOptions): Promise<void>
  define?(def: NodeDeviceDef, options: CallOptions): Promise<string>
  undefine?(name: string, options: CallOptions): Promise<void>
  start?(name: string, options: CallOptions): Promise<void>
  setAutostart?(name: string, autostart: boolean, options: CallOptions): Promise<void>
  update?(name: string, def: NodeDeviceDef, options: UpdateOptions): Promise<void>
  /** Takes the device from its driver, so that a guest may have it; answers what was done, as far as that is known. */
  detach?(name: string, options: DetachOptions): Promise<HostStep[]>
  reattach?(name: string, options: ChangeOptions): Promise<HostStep[]>
  reset?(name: string, options: ChangeOptions): Promise<HostStep[]>
  /** Whether each of these devices can be given to a guest; devices that have gone are not in the answer. */
  assignability?(names: readonly string[], options: AssignabilityOptions): Promise<ReadonlyMap<string, Assignability>>
  /** Brings changes that were cut off to an end. */
  recover?(options: CallOptions): Promise<Recovered[]>
  /** Has an SR-IOV device make so many virtual functions (sriov_numvfs). */
  setVirtualFunctions?(name: string, count: number, options: CallOptions): Promise<void>
  watch?(options: WatchOptions): Promise<Watch<DeviceEvent>>
}

/** Which of a device's two definitions a change is for. */
export interface UpdateOptions extends CallOptions {
  live?: boolean
  config?: boolean
}

/** How a change of the host is made. */
export interface ChangeOptions extends CallOptions {
  /** Only answer what would be done. */
  dryRun?: boolean
}

/** A change that was cut off, and what has become of it. */
export interface Recovered {
  readonly verb: string
  /** Names of the devices. */
  readonly devices: readonly string[]
  /** The process that began it. */
  readonly pid: number
  /** Taken back, or brought to its end; `busy` while it is still being made, or a write of it hangs. */
  readonly result: 'undone' | 'finished' | 'busy' | 'failed'
  /** Why it is busy, or has failed. */
  readonly reason?: string
}

/** To whom a device is to be given. */
export interface AssignabilityOptions extends CallOptions {
  /**
   * Guests of QEMU, which isolates PCI devices by VFIO, unless told; Xen's hypervisor does that itself, and OpenVZ's
   * containers are given interfaces and device nodes as they are.
   */
  for?: 'qemu' | 'xen' | 'openvz'
}

/** How a device is taken from its driver. */
export interface DetachOptions extends ChangeOptions {
  /** The driver that holds it for guests, such as `vfio-pci`; the hypervisor's usual one unless told. */
  driver?: string
  /** With every other device of its IOMMU group, since they can only be given away together. */
  wholeGroup?: boolean
  /** Though the host itself needs it: for its root disk, its default route, its console. */
  force?: boolean
  /** For a virtual function of a network card: what its physical one is to say of it until it is reattached. */
  network?: VfConfig
}

/** What a guest is doing (`virDomainState`). */
export type DomainState =
  | 'nostate'
  | 'running'
  | 'blocked'
  | 'paused'
  | 'shutdown'
  | 'shutoff'
  | 'crashed'
  | 'pmsuspended'

/** A guest, as it is listed. */
export interface DomainInfo {
  readonly name: string
  readonly uuid?: string
  /** Number of the running guest; absent while it does not run. */
  readonly id?: number
  readonly state: DomainState
}

/** Which of a guest's two configurations is meant; the running one of a guest that runs, else the stored one. */
export interface AffectOptions extends CallOptions {
  /** The guest as it runs (`VIR_DOMAIN_AFFECT_LIVE`). */
  live?: boolean
  /** The guest as it will be started next (`VIR_DOMAIN_AFFECT_CONFIG`). */
  config?: boolean
}

/** How a host device is taken from a guest. */
export interface DetachHostdevOptions extends AffectOptions {
  /** Milliseconds that a running guest has to let go of it; the backend's own limit unless told. */
  timeout?: number
}

/**
 * Guests that can be given host devices. Attaching answers with the def as the guest has it: alias and guest address
 * filled in. A detach ends when the guest has let go of the device. Answers to the device part of
 * `virHypervisorDriver`.
 */
export interface DomainDriver {
  /** How its guests are given a device of which only a selector is known; libvirt's way unless told. */
  readonly proposal?: ToHostdevOptions
  list(options: CallOptions): Promise<DomainInfo[]>
  /** By name or UUID. */
  lookup(nameOrUuid: string, options: CallOptions): Promise<DomainInfo | undefined>
  hostdevs(domain: string, options: AffectOptions): Promise<HostdevDef[]>
  attach(domain: string, def: HostdevDef, options: AffectOptions): Promise<HostdevDef>
  /**
   * Gives it a host device that is set up as a network interface: the card says its hardware address and its VLAN for
   * as long as the guest has it.
   */
  attachInterface?(domain: string, def: HostdevInterface, options: AffectOptions): Promise<HostdevDef>
  /** Several in one change: all of them or none. Where it is absent they are given one after the other. */
  attachAll?(domain: string, defs: readonly HostdevDef[], options: AffectOptions): Promise<HostdevDef[]>
  detach(domain: string, target: HostdevTarget, options: DetachHostdevOptions): Promise<void>
  /**
   * Several in one change: the guest keeps all of them when one cannot be taken back. Side by side where it is absent.
   */
  detachAll?(domain: string, targets: readonly HostdevTarget[], options: DetachHostdevOptions): Promise<void>
  controllers?(domain: string, options: AffectOptions): Promise<UsbControllerDef[]>
  attachController?(domain: string, def: UsbControllerDef, options: AffectOptions): Promise<UsbControllerDef>
  /** With every device on it. */
  detachController?(domain: string, index: number, options: AffectOptions): Promise<void>
  /** Has it stop, such that the host keeps its devices. */
  shutdown?(domain: string, options: CallOptions): Promise<void>
  watch?(options: CallOptions): Promise<Watch<DomainEvent>>
}

/**
 * One thing a backend can or cannot do here; where several things are missing for it, there is one of these for each.
 */
export interface Ability {
  /** The call: `devices.create`. */
  call: string
  can: boolean
  /** Why not. */
  reason?: string
  /** What would help. */
  remedy?: string
}

/** A kind of host: what {@link connect} holds. Made by an async function of its options. */
export interface Backend extends AsyncDisposable {
  /** A short name for messages: `linux`. */
  readonly name: string
  /** The canonical URI. */
  readonly uri: string
  readonly devices: DeviceDriver
  /** Absent where there are no guests, as on a bare Linux host. */
  readonly domains?: DomainDriver
  /** Why each absent method is absent: `{ 'devices.create': 'a recording cannot be changed' }`. */
  readonly lacks?: Readonly<Record<string, string>>
  /** What of the methods there are works on this host; those that are not told do. */
  probe?(options: CallOptions): Promise<Ability[]>
}

const brand = Symbol.for('hostdev.Backend')

/** Marks an object as a backend, so that both builds of the library know it for one. */
export function backend<B extends Backend>(made: B): B {
  return Object.defineProperty(made, brand, { value: true })
}

/** Whether something is a backend, also one made by the library's other build. */
export const isBackend = (value: unknown): value is Backend =>
  typeof value === 'object' && value !== null && brand in value

type OptionalKeys<D> = { [K in keyof D]-?: undefined extends D[K] ? K : never }[keyof D]

/**
 * A driver's method, or the error that says that the backend has none: the one place where absence becomes
 * `unsupported`.
 *
 * @throws VirtError `unsupported` (libvirt's 3, `VIR_ERR_NO_SUPPORT`)
 */
export function need<D extends object, K extends OptionalKeys<D> & string>(
  { name, lacks, domains }: Pick<Backend, 'name' | 'lacks' | 'domains'>,
  driver: D,
  method: K,
): NonNullable<D[K]> {
  const found = driver[method]
  if (typeof found === 'function') return found.bind(driver) as NonNullable<D[K]>
  const why = lacks?.[`${driver === domains ? 'domains' : 'devices'}.${method}`]
  const reason = why === undefined ? '' : `: ${why}`
  throw new VirtError('unsupported', `the ${name} backend has no ${method}${reason}`, { backend: name })
}

/** The methods of a device driver that a backend may lack. */
export const optionalDeviceCalls = [
  'lookupByKey',
  'state',
  'create',
  'destroy',
  'define',
  'undefine',
  'start',
  'setAutostart',
  'update',
  'detach',
  'reattach',
  'reset',
  'assignability',
  'recover',
  'setVirtualFunctions',
  'watch',
] as const satisfies readonly OptionalKeys<DeviceDriver>[]

/** The methods of a domain driver that a backend may lack. */
export const optionalDomainCalls = [
  'attachInterface',
  'controllers',
  'attachController',
  'detachController',
  'shutdown',
  'watch',
] as const satisfies readonly OptionalKeys<DomainDriver>[]
