import type { CapabilityKind, CapabilityOf } from '../model/node-device.js'
import type { Survey } from './survey.js'
import type { SysfsDevice } from './sysfs-device.js'

/** Kinds that the kernel knows by themselves. */
export type HostKindName = Exclude<CapabilityKind, 'other' | 'system'>

/** A kind of device on a Linux host: where it is found, what it is called and what is read of it. */
export interface HostKind<K extends HostKindName = HostKindName> {
  readonly kind: K
  /** The kernel's bus or class. */
  readonly subsystem: string
  /** Where the kernel lists the devices of that bus or class. */
  readonly folder: string
  /** Whether the kernel's name is that of such a device; without this, any of the subsystem's is. */
  named?(sysname: string): boolean
  /** Whether no two names of which {@link named} is true differ in nothing but their signs. */
  readonly hasDistinctNames?: boolean
  /** Whether a device so named is one of this kind indeed, for kinds that the name alone does not tell; cheap. */
  is?(device: SysfsDevice, survey: Survey): boolean
  /** Whether libvirt lists it; asked in `compat` alone. */
  listedByLibvirt?(device: SysfsDevice): boolean
  /** What the name has beside subsystem and kernel name. */
  suffix?(device: SysfsDevice, survey: Survey): string | undefined
  /** The name, where it does not follow the rule. */
  readonly name?: string
  /** What of it has the node in /dev, for kinds that have one: mostly the device itself. */
  node?(device: SysfsDevice): SysfsDevice | undefined
  /** What the device is; `undefined` when it cannot be said, for then there is no device. */
  read(
    device: SysfsDevice,
    survey: Survey,
  ): Omit<CapabilityOf<K>, 'kind'> | undefined | Promise<Omit<CapabilityOf<K>, 'kind'> | undefined>
}

/** A kind of any sort, for lists of them. */
export type AnyHostKind = { [K in HostKindName]: HostKind<K> }[HostKindName]

/** Devices on a bus, and where the kernel lists them. */
export const bus = (name: string) => ({ subsystem: name, folder: `/sys/bus/${name}/devices` })
/** Devices of a class, and where the kernel lists them. */
export const deviceClass = (name: string) => ({ subsystem: name, folder: `/sys/class/${name}` })
