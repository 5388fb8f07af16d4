import { VirtError } from '../../errors.js'
import type { QmpClient } from '../../wire/qmp/client.js'
import { isObject } from '../../wire/qmp/json-reader.js'

/** A device of QEMU's, as its object model has it (docs/devel/qom). */
export interface QomDevice {
  /** `/machine/peripheral/hostdev0`. */
  readonly path: string
  /** The id that it was given; devices without one are numbered. */
  readonly id?: string
  /** `vfio-pci`. */
  readonly type: string
}

/** A property of an object, and its type: `child<PCIE>`. */
export interface QomMember {
  readonly name: string
  readonly type: string
}

/** What an object has. */
export async function members(qemu: QmpClient, path: string): Promise<QomMember[]> {
  const answer = await qemu.execute('qom-list', { path })
  return (Array.isArray(answer) ? answer : [])
    .filter(isObject)
    .map(({ name, type }) => ({ name: String(name), type: String(type) }))
}

/** What is asked of a device that may go at any moment: `undefined` when it has gone. */
export async function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    const { qmpClass } = VirtError.is(error) ? error.details : {}
    if (qmpClass === 'DeviceNotFound' || (qmpClass === 'GenericError' && isGone.test(String(error)))) return undefined
    throw error
  }
}

/** A bus has a property for each device on it. */
const isGone = /Property '[^']*child\[\d+\]' not found/

/** A property's value. */
export const property = async (qemu: QmpClient, path: string, name: string): Promise<unknown> =>
  await qemu.execute('qom-get', { path, property: name })

/** Several properties, asked for at once. */
export async function properties(
  qemu: QmpClient,
  path: string,
  names: readonly string[],
): Promise<Record<string, unknown>> {
  const values = await Promise.all(names.map((name) => property(qemu, path, name)))
  return Object.fromEntries(names.map((name, index) => [name, values[index]]))
}

/** A property of several devices; those that have gone are left out. */
export async function propertyOfEach(qemu: QmpClient, paths: readonly string[], name: string): Promise<unknown[]> {
  const values = await Promise.all(paths.map((path) => ifThere(property(qemu, path, name))))
  return values.filter((value) => value !== undefined)
}

/** The type of a child; `undefined` for what is none. */
export const childType = ({ type }: QomMember): string | undefined => /^child<(.+)>$/.exec(type)?.[1]

/**
 * Where the devices are that were given an id, and those that were not; what the machine has by itself is elsewhere.
 */
const named = '/machine/peripheral'
const numbered = '/machine/peripheral-anon'

/** The devices that QEMU was told to have, on its command line and since. */
export async function devices(qemu: QmpClient): Promise<QomDevice[]> {
  const [own, others] = await Promise.all([namedDevices(qemu), devicesIn(qemu, numbered)])
  return [...own, ...others]
}

/** Those of them that were given an id. */
export const namedDevices = async (qemu: QmpClient): Promise<QomDevice[]> =>
  (await devicesIn(qemu, named)).map((device) => ({ ...device, id: device.path.slice(named.length + 1) }))

async function devicesIn(qemu: QmpClient, folder: string): Promise<QomDevice[]> {
  return (await members(qemu, folder)).flatMap((member): QomDevice[] => {
    const type = childType(member)
    return type === undefined ? [] : [{ path: `${folder}/${member.name}`, type }]
  })
}
