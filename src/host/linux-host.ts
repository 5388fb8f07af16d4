import type { DefOptions, DeviceFilter, DeviceState, Warning } from '../backend.js'
import { VirtError } from '../errors.js'
import { matchesFilter, matchesState, mayMatch } from '../model/device-caps.js'
import { known } from '../model/known.js'
import { type Capability, inactiveDef, type NodeDeviceDef } from '../model/node-device.js'
import { needDefinition } from '../model/virtual-device.js'
import type { RunCommand } from '../os/command.js'
import { Denied, type HostFiles } from '../os/host-files.js'
import { DeviceIndex, type Found } from './device-index.js'
import { DeviceMemory } from './device-memory.js'
import { inSwitchdevMode } from './eswitch.js'
import { IdDatabase } from './id-database.js'
import { readSystem } from './kinds/system.js'
import { type MdevDefinition, readMdevDefinitions } from './mdev-definitions.js'
import { computer } from './names.js'
import { type NetFeatures, readNetFeatures } from './net-features.js'
import { exists, realPath, textOf } from './plain-files.js'
import { type HostKnowledge, Survey } from './survey.js'
import type { SysfsDevice } from './sysfs-device.js'
import { companionPort } from './usb-port.js'

/** What a host is read through. */
export interface LinuxHostOptions {
  readonly files: HostFiles
  /** Where pci.ids and usb.ids are taken from when the host has none. */
  readonly idFiles?: HostFiles | undefined
  /** Runs ethtool and devlink on the host; without it nothing is said of network offloads. */
  readonly run?: RunCommand | undefined
}

/**
 * Devices that are read together before the caller gets them: a caller who does much with each would push what reading
 * needs out of the processor's caches, and have the reading take a tenth longer.
 */
const batch = 64

/** As much of a device as tells that it has changed. */
export interface DeviceTrace {
  readonly name: string
  /** libvirt's word for its kind. */
  readonly kind: string
  /** Folder below /sys/devices. */
  readonly path: string
  /** Tells it from another of its name. */
  readonly inode: number
  readonly driver: string | undefined
  readonly iommuGroup: string | undefined
  /** Operational state of a network interface. */
  readonly link: string | undefined
}

/**
 * A Linux host, read as libvirt's udev driver reads it (node_device_udev.c), but at the moment of asking: nothing is
 * enumerated beforehand, and no answer is older than its question.
 */
export class LinuxHost implements HostKnowledge {
  readonly pciIds: IdDatabase
  readonly usbIds: IdDatabase
  readonly #files: HostFiles
  readonly #run: RunCommand | undefined
  readonly #memory: DeviceMemory
  readonly #index: DeviceIndex
  #systemWarnings: readonly Warning[] = []
  #definitionWarnings: readonly Warning[] = []
  #featuresWarnings: Warning[] = []

  constructor({ files, idFiles, run }: LinuxHostOptions) {
    this.#files = files
    this.#run = run
    this.#memory = new DeviceMemory(files)
    this.#index = new DeviceIndex(files, this.#memory)
    const places = idFiles ? [files, idFiles] : [files]
    this.pciIds = new IdDatabase(places, 'pci.ids')
    this.usbIds = new IdDatabase(places, 'usb.ids')
  }

  /** Names of the devices that match. */
  async list(filter: DeviceFilter, options: DefOptions): Promise<string[]> {
    const survey = new Survey(this, options)
    const names: string[] = this.#wantsComputer(filter) ? [computer] : []
    const definitions = this.#definitions(survey, filter)
    names.push(...inactive(definitions, filter).map(({ name }) => name))
    if (definitions.size === 0) {
      if (!matchesState(transient, filter)) return names
      const plain = await this.#index.names(filter, survey)
      if (plain) return [...names, ...plain]
    }
    for (const found of await this.#survey(filter, survey, definitions)) {
      if (mayMatch(found.kind.kind, filter) === 'yes') names.push(found.name)
      else {
        const def = await this.#def(found, survey)
        if (def && matchesFilter(def, filter)) names.push(def.name)
      }
    }
    return names
  }

  /** Full defs of the devices that match, a few at a time as they are read; what vanishes meanwhile is left out. */
  async *defs(filter: DeviceFilter, options: DefOptions): AsyncGenerator<NodeDeviceDef, void, undefined> {
    const survey = new Survey(this, options)
    if (this.#wantsComputer(filter)) yield this.#computer()
    const definitions = this.#definitions(survey, filter)
    yield* inactive(definitions, filter)
    const ready: NodeDeviceDef[] = []
    for (const found of await this.#survey(filter, survey, definitions)) {
      if (survey.isLong) await survey.breathe()
      const def = await this.#def(found, survey, definitions)
      if (def && matchesFilter(def, filter)) ready.push(def)
      if (ready.length < batch) continue
      // `yield*` of an array would wait three times for each
      for (const each of ready.splice(0)) yield each
    }
    for (const each of ready) yield each
  }

  /** Every device of the kernel's, read no further than is needed to see that it has changed. */
  async *traces(options: DefOptions): AsyncGenerator<DeviceTrace, void, undefined> {
    const survey = new Survey(this, options)
    for (const { kind, device, name } of await this.#survey({}, survey, new Map())) {
      if (survey.isLong) await survey.breathe()
      const stat = this.#files.stat(device.path)
      if (stat instanceof Denied) continue
      yield {
        name,
        kind: kind.kind,
        path: device.path,
        inode: stat.inode,
        driver: device.linkName('driver'),
        iommuGroup: device.linkName('iommu_group'),
        link: device.subsystem === 'net' ? device.text('operstate') : undefined,
      }
    }
  }

  /**
   * Whether udevd may still give a network interface another name or address, or has done so since it was looked at. It
   * keeps a record of each one that it is done with, and a file while it has anything to do (libudev's
   * `udev_queue_get_queue_is_empty`).
   *
   * @param isNew - whether it may not have begun
   */
  isBeingNamed({ name, path }: DeviceTrace, isNew: boolean): boolean {
    const isThere = (file: string) => exists(this.#files, file)
    if (!isThere('/run/udev/control')) return false
    if (isNew || isThere('/run/udev/queue')) {
      const index = textOf(this.#files, `${path}/ifindex`)
      if (index === undefined || !isThere(`/run/udev/data/n${index}`)) return true
    }
    // after the question whether it is done: before, it may have ended between the two
    return this.#index.find(name, new Survey(this)) === undefined
  }

  async lookup(name: string, options: DefOptions): Promise<NodeDeviceDef | undefined> {
    if (name === computer) return this.#computer()
    const survey = new Survey(this, { ...options, single: true })
    const found = this.#index.find(name, survey)
    if (found && found.kind.kind !== 'mdev' && !options.inactive) return await this.#def(found, survey)
    const definitions = this.#definitions(survey)
    const definition = definitions.get(name)
    if (!found) return definition?.def
    if (!options.inactive) return await this.#def(found, survey, definitions)
    needDefinition(name, { persistent: definition !== undefined })
    return definition && inactiveDef(definition.def)
  }

  /** What is known of a device beside its def. @throws VirtError `no-node-device` */
  state(name: string): DeviceState {
    if (name === computer) return { active: true, persistent: true, autostart: true }
    const definition = this.definition(name)
    if (definition) return { active: definition.active, persistent: true, autostart: definition.autostart }
    if (this.#index.find(name, new Survey(this))) return transient
    throw new VirtError('no-node-device', `${name} is not on this host`, { device: name })
  }

  /** How a mediated device is defined; `undefined` when it is not. */
  definition(name: string): MdevDefinition | undefined {
    return name.startsWith('mdev_') ? this.#definitions(new Survey(this)).get(name) : undefined
  }

  /** mdevctl's text of each mediated device that is defined, by name: it tells that a definition has changed. */
  definitionTexts(): Map<string, string> {
    return new Map(Array.from(this.#definitions(new Survey(this)), ([name, { json }]) => [name, json]))
  }

  /** The other USB port of the same socket. */
  companionPort(port: string): string | undefined {
    return companionPort(this.#files, port)
  }

  /** The name of the device at a folder in /sys, whichever of its paths is given. */
  async nameAt(path: string): Promise<string | undefined> {
    const real = realPath(this.#files, path)
    return real === undefined ? undefined : this.#index.nameAt(real, new Survey(this))
  }

  /** What was found odd, as of the last time that each device was read. */
  warnings(): readonly Warning[] {
    return [...this.#systemWarnings, ...this.#definitionWarnings, ...this.#featuresWarnings, ...this.#memory.warnings()]
  }

  fixed<T>(device: SysfsDevice, make: () => T): T {
    return this.#memory.fixed(device, make)
  }

  async readFeatures(interfaces: string, survey: Survey): Promise<NetFeatures> {
    this.#featuresWarnings = []
    const run = this.#run
    if (!run) return new Map()
    const files = this.#files
    const offloads = await this.#told('offloads', survey, () => readNetFeatures(interfaces, run, files, survey))
    if (!offloads) return new Map()
    const names = [...offloads.keys()]
    const switching = await this.#told('modes of switches', survey, () =>
      inSwitchdevMode(names, run, files, survey.signal),
    )
    for (const name of switching ?? []) offloads.get(name)?.push('switchdev')
    return offloads
  }

  /** What a program of the host says of interfaces; `undefined`, with a warning, when it cannot be had. */
  async #told<T>(what: string, { signal }: Survey, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask()
    } catch (error) {
      signal?.throwIfAborted()
      if (!VirtError.is(error) && !(error instanceof SyntaxError)) throw error
      this.#featuresWarnings.push({ path: '/sys/class/net', problem: `${what} are not known: ${error.message}` })
      return undefined
    }
  }

  #wantsComputer(filter: DeviceFilter): boolean {
    return mayMatch('system', filter) === 'yes' && matchesState({ active: true, persistent: true }, filter)
  }

  /** The devices that may match. */
  async #survey(
    filter: DeviceFilter,
    survey: Survey,
    definitions: ReadonlyMap<string, MdevDefinition>,
  ): Promise<Iterable<Found>> {
    const matches = (name: string) => matchesState({ active: true, persistent: definitions.has(name) }, filter)
    if (!matches('') && definitions.size === 0) return []
    const found = await this.#index.all(filter, survey)
    return definitions.size === 0 ? found : [...found].filter(({ name }) => matches(name))
  }

  /** What is defined, where the filter may ask for it. */
  #definitions(survey: Survey, filter: DeviceFilter = {}): Map<string, MdevDefinition> {
    if (mayMatch('mdev', filter) === 'no') return new Map()
    const warnings: Warning[] = []
    const definitions = readMdevDefinitions(this.#files, (path) => this.#index.nameAt(path, survey), warnings)
    this.#definitionWarnings = warnings
    return definitions
  }

  async #def(
    { kind, device, name }: Found,
    survey: Survey,
    definitions?: ReadonlyMap<string, MdevDefinition>,
  ): Promise<NodeDeviceDef | undefined> {
    device.lookAround()
    const read = await kind.read(device, survey)
    this.#memory.note(device)
    if (!read) return undefined
    // the kernel does not say which of its values somebody has set
    const attributes = definitions?.get(name)?.mdev.attributes
    const capability = attributes ? { ...read, attributes } : read
    const node = kind.node?.(device)
    const links = node?.udev?.links ?? []
    return known<NodeDeviceDef>({
      name,
      path: device.path,
      devnode: node?.devnode,
      devlinks: links.length === 0 ? undefined : [...links],
      parent: this.#index.parentOf(device.path, survey),
      driver: device.linkName('driver'),
      capabilities: [{ kind: kind.kind, ...capability } as Capability],
    })
  }

  #computer(): NodeDeviceDef {
    const { system, device } = readSystem(this.#files)
    this.#systemWarnings = device.warnings
    return { name: computer, capabilities: [{ kind: 'system', ...system }] }
  }
}

/** What the kernel has is there, and passes with it. */
const transient: DeviceState = { active: true, persistent: false, autostart: false }

/** Devices that match and are only defined. */
const inactive = (definitions: ReadonlyMap<string, MdevDefinition>, filter: DeviceFilter): NodeDeviceDef[] =>
  [...definitions.values()]
    .filter(
      ({ active, def }) => !active && matchesState({ active, persistent: true }, filter) && matchesFilter(def, filter),
    )
    .map(({ def }) => def)
