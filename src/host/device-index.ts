import type { DeviceFilter } from '../backend.js'
import { mayMatch } from '../model/device-caps.js'
import { Denied, type HostFiles } from '../os/host-files.js'
import type { DeviceMemory } from './device-memory.js'
import type { AnyHostKind } from './kind.js'
import { type Subsystem, subsystems } from './kinds.js'
import { computer, generateName } from './names.js'
import type { Survey } from './survey.js'
import { SysfsDevice } from './sysfs-device.js'

/** A device that is there: enough to name it, with the rest to be read. */
export interface Found {
  readonly kind: AnyHostKind
  readonly device: SysfsDevice
  readonly name: string
}

/** Finds devices where the kernel lists them, by kind, by name or by folder. */
export class DeviceIndex {
  readonly #files: HostFiles
  readonly #memory: DeviceMemory
  /** Where devices were when they were last listed, by name: a hint that spares listing them again. */
  readonly #places = new Map<Subsystem, ReadonlyMap<string, string>>()

  constructor(files: HostFiles, memory: DeviceMemory) {
    this.#files = files
    this.#memory = memory
  }

  /** The devices whose kind may match; of two with one name the later by path, which is libvirt's choice. */
  async all(filter: DeviceFilter, survey: Survey): Promise<Iterable<Found>> {
    const devices = new Map<string, Found>()
    for (const subsystem of subsystems) {
      const kinds = subsystem.kinds.filter(({ kind }) => mayMatch(kind, filter) !== 'no')
      if (kinds.length === 0) continue
      const sysnames = this.#files.list(subsystem.folder)
      if (sysnames instanceof Denied) continue
      this.#memory.keepOnly(subsystem.folder, sysnames)
      const places = new Map<string, string>()
      this.#places.set(subsystem, places)
      for (const sysname of sysnames) {
        if (survey.isLong) await survey.breathe()
        const found = this.#identify(subsystem, sysname, survey, kinds)
        if (!found) continue
        const other = devices.get(found.name)
        if (other && this.#hide(found, other) === found) continue
        devices.set(found.name, found)
        places.set(found.name, sysname)
      }
    }
    return devices.values()
  }

  /** The device of a name. */
  find(name: string, survey: Survey): Found | undefined {
    for (const [subsystem, places] of this.#places) {
      const sysname = places.get(name)
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
  const kind = kinds.find((each) => each.is(device, survey))
  if (!kind) return undefined
  const name = kind.name ?? generateName(device.subsystem, device.sysname, kind.suffix?.(device, survey))
  return { kind, device, name }
}

const above = (path: string): string => path.slice(0, path.lastIndexOf('/'))
const lastStep = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
