import type { DeviceFilter } from '../backend.js'
import { mayMatch } from '../model/device-caps.js'
import { Denied, type HostFiles } from '../os/host-files.js'
import type { DeviceMemory } from './device-memory.js'
import type { AnyHostKind } from './kind.js'
import { type Subsystem, subsystems } from './kinds.js'
import { computer, generateName, generateNames, haveOneShape } from './names.js'
import type { Survey } from './survey.js'
import { SysfsDevice } from './sysfs-device.js'
import { lastStep } from './text.js'

/** A device that is there: enough to name it, with the rest to be read. */
export interface Found {
  readonly kind: AnyHostKind
  readonly device: SysfsDevice
  readonly name: string
}

/** A subsystem's devices as the kernel lists them, with the kinds that are wanted. */
interface Listed {
  readonly subsystem: Subsystem
  readonly kinds: readonly AnyHostKind[]
  readonly sysnames: readonly string[]
}

/** As many names as are made in a fraction of a millisecond. */
const batch = 1000

/** Finds devices where the kernel lists them, by kind, by name or by folder. */
export class DeviceIndex {
  readonly #files: HostFiles
  readonly #memory: DeviceMemory
  /** The devices of each subsystem that were listed last: a hint that spares listing them again. */
  readonly #lists = new Map<Subsystem, NameList>()

  constructor(files: HostFiles, memory: DeviceMemory) {
    this.#files = files
    this.#memory = memory
  }

  /**
   * Names of the devices whose kind matches; `undefined` when that takes more than knowing their kinds, or when two
   * devices have one name: {@link all} knows then.
   */
  async names(filter: DeviceFilter, survey: Survey): Promise<string[] | undefined> {
    const lists: NameList[] = []
    for (const listed of this.#listed(filter)) {
      if (listed.kinds.some(({ kind }) => mayMatch(kind, filter) === 'perhaps')) return undefined
      const isTold = listed.kinds.every((kind) => isToldByName(kind, survey))
      const list = isTold ? await told(listed, survey) : nameListOf(await this.#identifyAll(listed, survey))
      this.#lists.set(listed.subsystem, list)
      if (list.names.length > 0) lists.push(list)
    }
    const [only, ...others] = lists
    if (only?.areDistinct && others.length === 0) return [...only.names]
    const found = lists.flatMap(({ names }) => names)
    return new Set(found).size === found.length ? found : undefined
  }

  /** The devices whose kind may match; of two with one name the later by path, which is libvirt's choice. */
  async all(filter: DeviceFilter, survey: Survey): Promise<Iterable<Found>> {
    const devices = new Map<string, Found>()
    for (const listed of this.#listed(filter)) {
      const all = await this.#identifyAll(listed, survey)
      const seen = all.filter((found) => {
        const other = devices.get(found.name)
        if (other && this.#hide(found, other) === found) return false
        devices.set(found.name, found)
        return true
      })
      this.#lists.set(listed.subsystem, nameListOf(seen))
    }
    return devices.values()
  }

  /** The device of a name. */
  find(name: string, survey: Survey): Found | undefined {
    for (const [subsystem, list] of this.#lists) {
      const sysname = list.sysnameOf(name)
      const found = sysname === undefined ? undefined : this.#identify(subsystem, sysname, survey)
      if (found?.name === name) return found
    }
    for (const subsystem of subsystems) {
      const sysnames = this.#files.list(subsystem.folder)
      if (sysnames instanceof Denied) continue
      for (const sysname of sysnames) {
        const begins = name.startsWith(generateName(subsystem.name, sysname))
        if (!begins && !subsystem.kinds.some((kind) => kind.name === name)) continue
        const found = this.#identify(subsystem, sysname, survey)
        if (found?.name === name) return found
      }
    }
    return undefined
  }

  /** The name of the device at a folder below /sys/devices, if that is one. */
  nameAt(path: string, survey: Survey): string | undefined {
    if (!survey.names.has(path)) {
      const link = this.#files.link(`${path}/subsystem`)
      const name = link instanceof Denied ? '' : lastStep(link)
      const kinds = subsystems.find((subsystem) => subsystem.name === name)?.kinds ?? []
      survey.names.set(path, identify(new SysfsDevice(this.#files, name, lastStep(path), path), kinds, survey)?.name)
    }
    return survey.names.get(path)
  }

  /** The nearest folder above that is a device of the list; levels such as `virtio1` are none. */
  parentOf(path: string, survey: Survey): string {
    for (let at = above(path); at.startsWith('/sys/devices/'); at = above(at)) {
      const name = this.nameAt(at, survey)
      if (name !== undefined) return name
    }
    return computer
  }

  /** The subsystems that may have devices that match, with the kernel's names of all that they have. */
  *#listed(filter: DeviceFilter): Generator<Listed, void, undefined> {
    for (const subsystem of subsystems) {
      const kinds = subsystem.kinds.filter(({ kind }) => mayMatch(kind, filter) !== 'no')
      const sysnames = kinds.length === 0 ? undefined : this.#files.list(subsystem.folder)
      if (sysnames === undefined || sysnames instanceof Denied) continue
      this.#memory.keepOnly(subsystem.folder, sysnames)
      yield { subsystem, kinds, sysnames }
    }
  }

  async #identifyAll({ subsystem, kinds, sysnames }: Listed, survey: Survey): Promise<Found[]> {
    const devices: Found[] = []
    for (const sysname of sysnames) {
      if (survey.isLong) await survey.breathe()
      const found = this.#identify(subsystem, sysname, survey, kinds)
      if (found) devices.push(found)
    }
    return devices
  }

  /** Which of two devices of one name is not to be seen. */
  #hide(one: Found, other: Found): Found {
    const [hidden, seen] = one.device.path < other.device.path ? [one, other] : [other, one]
    hidden.device.warn('', `has the name of ${seen.device.path}, ${seen.name}, and is left out`)
    this.#memory.note(hidden.device)
    return hidden
  }

  #identify({ name, folder, kinds }: Subsystem, sysname: string, survey: Survey, only = kinds): Found | undefined {
    return identify(new SysfsDevice(this.#files, name, sysname, `${folder}/${sysname}`), only, survey)
  }
}

function identify(device: SysfsDevice, kinds: readonly AnyHostKind[], survey: Survey): Found | undefined {
  const kind = kinds.find(
    ({ named, is, listedByLibvirt }) =>
      named?.(device.sysname) !== false &&
      is?.(device, survey) !== false &&
      !(survey.compat && listedByLibvirt?.(device) === false),
  )
  if (!kind) return undefined
  const name = kind.name ?? generateName(device.subsystem, device.sysname, kind.suffix?.(device, survey))
  return { kind, device, name }
}

/** Whether the kernel's name tells that a device is of the kind, and what it is called. */
const isToldByName = ({ is, name, suffix, listedByLibvirt }: AnyHostKind, { compat }: Survey): boolean =>
  is === undefined && name === undefined && suffix === undefined && !(compat && listedByLibvirt)

/** Names of the devices of a subsystem whose kernel names tell enough. */
async function told({ subsystem, kinds, sysnames }: Listed, survey: Survey): Promise<NameList> {
  const members = sysnames.filter((sysname) => kinds.some((kind) => kind.named?.(sysname) !== false))
  let names: string[] = []
  for (let at = 0; at < members.length; at += batch) {
    if (survey.isLong) await survey.breathe()
    names = names.concat(generateNames(subsystem.name, members.slice(at, at + batch)))
  }
  return new NameList(members, names, kinds.every(({ hasDistinctNames }) => hasDistinctNames) || haveOneShape(members))
}

const nameListOf = (devices: readonly Found[]): NameList =>
  new NameList(
    devices.map(({ device }) => device.sysname),
    devices.map(({ name }) => name),
  )

/** Devices by name; taken apart for look-ups when there is a first one. */
class NameList {
  readonly #sysnames: readonly string[]
  #places: Map<string, string> | undefined

  constructor(
    sysnames: readonly string[],
    readonly names: readonly string[],
    /** Whether it is known that no two names are alike. */
    readonly areDistinct = false,
  ) {
    this.#sysnames = sysnames
  }

  /** The kernel's name of a device; the later's of two of one name. */
  sysnameOf(name: string): string | undefined {
    this.#places ??= new Map(this.names.map((each, at) => [each, this.#sysnames[at] as string]))
    return this.#places.get(name)
  }
}

const above = (path: string): string => path.slice(0, path.lastIndexOf('/'))
