import { VirtError } from '../errors.js'
import type { MdevDevice } from '../model/kinds/mdev.js'
import { mdevName, mdevParentAddress, needMdevParent } from '../model/mdev-parent.js'
import { capabilityOf, type NodeDeviceDef } from '../model/node-device.js'
import { uuid as uuidText } from '../model/uuid.js'

/** What mdevctl is asked to do; `start` with a definition makes a device that is gone with the next boot. */
export type MdevctlCommand =
  | 'create'
  | 'define'
  | 'start'
  | 'stop'
  | 'undefine'
  | 'modify-live'
  | 'modify-defined'
  | 'modify-both'
  | 'autostart-on'
  | 'autostart-off'

/** A call of mdevctl: an argument list for no shell to see, and what it reads on standard input. */
export interface MdevctlCall {
  readonly argv: readonly string[]
  /** JSON text; absent when it reads nothing. */
  readonly stdin?: string
}

/** How each command is spelt; `new` ones describe a device, the others name one. */
const spellings: Readonly<Record<MdevctlCommand, { verb: string; new?: true; flags?: readonly string[] }>> = {
  create: { verb: 'start', new: true },
  define: { verb: 'define', new: true },
  start: { verb: 'start' },
  stop: { verb: 'stop' },
  undefine: { verb: 'undefine' },
  'modify-live': { verb: 'modify', new: true, flags: ['--live'] },
  'modify-defined': { verb: 'modify', new: true, flags: ['--defined'] },
  'modify-both': { verb: 'modify', new: true, flags: ['--defined', '--live'] },
  'autostart-on': { verb: 'modify', flags: ['--auto'] },
  'autostart-off': { verb: 'modify', flags: ['--manual'] },
}

/** Lists every definition (`mdevctl list --dumpjson --defined`), or what is active. */
export const mdevctlList = ({ defined = true } = {}): MdevctlCall => ({
  argv: ['mdevctl', 'list', '--dumpjson', ...(defined ? ['--defined'] : [])],
})

/**
 * The call of mdevctl that does something with a mediated device (`nodeDeviceGetMdevctlCommand`).
 *
 * @param parents devices that exist, of which one is the parent
 * @param options.autostart whether a device that is described starts with the host
 * @throws VirtError `config-unsupported` for a parent that is none, `invalid-argument` for a device without its UUID
 */
export function mdevctlCall(
  command: MdevctlCommand,
  def: NodeDeviceDef,
  parents: readonly NodeDeviceDef[],
  { autostart = false }: { autostart?: boolean } = {},
): MdevctlCall {
  const mdev = capabilityOf(def, 'mdev')
  if (!mdev)
    throw new VirtError('config-unsupported', `${def.name} is no mediated device, which is all that mdevctl knows`, {
      device: def.name,
    })
  const { verb, new: describes, flags = [] } = spellings[command]
  const uuid = mdev.uuid === undefined ? undefined : `--uuid=${checkedUuid(def, mdev.uuid)}`
  if (uuid === undefined && command !== 'create' && command !== 'define')
    throw new VirtError('invalid-argument', `${def.name} has no UUID, by which mdevctl knows devices; give it one`, {
      device: def.name,
    })
  const named = uuid === undefined ? [] : [uuid]
  if (!describes) return { argv: ['mdevctl', verb, ...named, ...flags] }
  const { address: parent } = needMdevParent(
    def,
    parents.find(({ name }) => name === def.parent),
  )
  return {
    argv: ['mdevctl', verb, `--parent=${parent}`, '--jsonfile=/dev/stdin', ...named, ...flags],
    stdin: definition(mdev, autostart),
  }
}

/**
 * A UUID in libvirt's spelling: what reaches argv or a path must be one, since it could be something else there.
 *
 * @throws VirtError `invalid-argument`
 */
export function checkedUuid(def: Pick<NodeDeviceDef, 'name'>, text: string): string {
  const uuid = uuidText.from(text, { compat: false, strict: true, warn: () => undefined })
  if (typeof uuid === 'string') return uuid
  throw new VirtError('invalid-argument', `${def.name}: ${JSON.stringify(text.slice(0, 100))} is no UUID`, {
    device: def.name,
  })
}

/** mdevctl's JSON of a device: attributes are an array of single pairs, because their order matters. */
function definition({ type, attributes = [] }: MdevDevice, autostart: boolean): string {
  const attrs = attributes.map(({ name, value }) => ({ [name]: value }))
  return JSON.stringify({ mdev_type: type, start: autostart ? 'auto' : 'manual', ...(attrs.length > 0 && { attrs }) })
}

/** What a device whose parent is not there stands below. */
const computer = 'computer'

/** A mediated device as mdevctl lists it. */
export interface ListedMdev {
  readonly def: NodeDeviceDef
  /** Whether it is started with the host. */
  readonly autostart: boolean
}

/**
 * Devices from `mdevctl list --dumpjson` (`nodeDeviceParseMdevctlJSON`).
 *
 * @param parents devices that exist; one that is not among them leaves the device below `computer`
 * @throws VirtError `invalid-argument` for what mdevctl would not say
 */
export function readMdevctlList(json: string, parents: readonly NodeDeviceDef[]): ListedMdev[] {
  const list = parse(json)
  if (!Array.isArray(list) || list.length > 1) throw wrong('is not an array of one object')
  const [byParent = {}] = list
  const byAddress = new Map(parents.map((def) => [mdevParentAddress(def), def.name]))
  return Object.entries(object(byParent)).flatMap(([address, devices]) => {
    if (!Array.isArray(devices)) throw wrong(`has no array of devices for ${JSON.stringify(address.slice(0, 100))}`)
    return devices.flatMap((device: unknown) => {
      const named = Object.entries(object(device))
      if (named.length === 0) throw wrong('has a device without its UUID')
      return named.map(([uuid, properties]) =>
        listed(address, uuid, object(properties), byAddress.get(address) ?? computer),
      )
    })
  })
}

/**
 * A device from the file that mdevctl keeps its definition in: /etc/mdevctl.d/PARENT/UUID.
 *
 * @param parent name of the parent's node device, which need not be there
 * @throws VirtError `invalid-argument` for what mdevctl would not write
 */
export const readMdevctlFile = (address: string, uuid: string, json: string, parent = computer): ListedMdev =>
  listed(address, uuid, object(parse(json)), parent)

function listed(address: string, uuid: string, properties: Record<string, unknown>, parent: string): ListedMdev {
  const { mdev_type: type, start, attrs = [] } = properties
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(uuid))
    throw wrong(`names a device ${JSON.stringify(uuid.slice(0, 100))}`)
  if (!/^[\w:-][\w.:-]*$/.test(address)) throw wrong(`names a parent ${JSON.stringify(address.slice(0, 100))}`)
  if (typeof type !== 'string') throw wrong(`says no type of ${uuid}`)
  if (!Array.isArray(attrs)) throw wrong(`has attributes of ${uuid} that are no array`)
  const attributes = attrs.flatMap((pair: unknown) =>
    Object.entries(object(pair)).map(([name, value]) => {
      if (typeof value !== 'string') throw wrong(`has an attribute of ${uuid} that is no text`)
      return { name, value }
    }),
  )
  return {
    def: {
      name: mdevName(uuid, address),
      parent,
      capabilities: [
        {
          kind: 'mdev',
          type,
          uuid,
          parentAddress: address,
          iommuGroup: 0,
          ...(attributes.length > 0 && { attributes }),
        },
      ],
    },
    autostart: start === 'auto',
  }
}

function parse(json: string): unknown {
  if (json.trim() === '') return []
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw wrong('is not JSON', cause)
  }
}

function object(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw wrong('has something else where an object belongs')
}

const wrong = (problem: string, cause?: unknown): VirtError =>
  new VirtError('invalid-argument', `what mdevctl lists ${problem}; try mdevctl list --dumpjson by hand`, { cause })
