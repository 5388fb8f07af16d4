import { VirtError } from '../errors.js'
import { checkedVfConfig, type VfConfig } from '../model/vf-config.js'
import type { ManagedDevice, Step } from './change.js'
import { linkName, namesIn, textOf } from './host-text.js'
import type { ManagedHost } from './managed-host.js'
import type { PciFunction } from './pci-function.js'

/** A virtual function of a network card, as its physical one knows it. */
export interface VfPort {
  /** The physical function's interface. */
  readonly interface: string
  readonly number: number
}

/** All that is saved of a virtual function's configuration. */
export interface VfState extends VfConfig {
  /** Priority of its VLAN (802.1p). */
  readonly qos?: number
  /** How its VLAN is marked, where that is not by 802.1Q. */
  readonly protocol?: string
}

/** A change of a virtual function's configuration; only what differs is set. Plain JSON. */
export interface VfAction {
  readonly vf: VfPort
  readonly set: VfState
}

export const isVfAction = (action: object): action is VfAction => 'vf' in action

/** Where the physical function of a network card has this one; `undefined` for what is no virtual function of one. */
function vfPortOf({ files }: Pick<ManagedHost, 'files'>, { folder, address }: PciFunction): VfPort | undefined {
  const physical = linkName(files, `${folder}/physfn`)
  if (physical === undefined) return undefined
  const above = `/sys/bus/pci/devices/${physical}`
  // in switchdev mode the representors of its virtual functions stand beside its own interface: pf0vf3
  const own = (name: string) => !/vf\d+$/.test(textOf(files, `${above}/net/${name}/phys_port_name`) ?? '')
  const name = namesIn(files, `${above}/net`).find(own)
  const link = namesIn(files, above).find((each) => linkName(files, `${above}/${each}`) === address)
  const number = /^virtfn(\d+)$/.exec(link ?? '')?.[1]
  return name === undefined || number === undefined ? undefined : { interface: name, number: Number(number) }
}

/**
 * Sets what the physical function of a network card says of this one, where that is wanted, and has it back as it is now
 * when the steps are reversed: whoever changes it in between. Answers to `virHostdevSetNetConfig` and
 * `virHostdevRestoreNetConfig`.
 *
 * @throws VirtError `operation-unsupported` when something is to be set that cannot be read, and so not restored
 */
export async function vfSteps(host: ManagedHost, pci: PciFunction, wanted: VfConfig | undefined): Promise<Step[]> {
  const set = wanted && checkedVfConfig(wanted)
  const vf = vfPortOf(host, pci)
  const state = vf && (await readVfState(host, vf))
  if (vf && state)
    return [
      { device: pci.key, ...(set && { do: { vf, set: { ...fullVlan(set), ...set } } }), undo: { vf, set: state } },
    ]
  if (!set) return []
  const why = vf
    ? `the driver of ${vf.interface}, or ip, tells nothing of it`
    : 'it is no virtual function of a network card'
  throw new VirtError('operation-unsupported', `${pci.name} can have no hardware address or VLAN set: ${why}`, {
    device: pci.name,
  })
}

/** A VLAN is set with its priority and marking. */
const fullVlan = ({ vlan }: VfConfig): VfState => (vlan === undefined ? {} : { qos: 0, protocol: '802.1Q' })

/** Whether a virtual function is as an action will have it. */
export async function isVfSet(host: Pick<ManagedHost, 'run'>, { vf, set }: VfAction): Promise<boolean> {
  const state = await readVfState(host, vf)
  return state !== undefined && Object.keys(difference(state, set)).length === 0
}

/**
 * Has the physical function say that of its virtual one.
 *
 * @throws VirtError `operation-failed` with what ip says
 */
export async function setVf(
  { run }: ManagedHost,
  { vf, set }: VfAction,
  { device, keeping }: { device: ManagedDevice; keeping?: number | undefined },
): Promise<'skipped' | 'done'> {
  const state = await readVfState({ run }, vf)
  if (state === undefined)
    throw new VirtError(
      'device-missing',
      `${device.name}: ${vf.interface} no longer has a virtual function ${vf.number}`,
      {
        device: device.name,
      },
    )
  const left = difference(state, set)
  if (Object.keys(left).length === 0) return 'skipped'
  const write = async (config: VfState) =>
    await run(vfArgv({ vf, set: config }), { ...(keeping !== undefined && { descriptors: [keeping] }) })
  try {
    await write(left)
  } catch (error) {
    if (left.mac !== noMac || !VirtError.is(error, 'operation-failed')) throw error
    await write({ ...left, mac: nearlyNoMac })
  }
  return 'done'
}

/** The command by which all of it is set. */
export function vfArgv({ vf, set: { mac, vlan, qos, protocol, spoofCheck, trust } }: VfAction): string[] {
  const onOff = (name: string, value: boolean | undefined) => (value === undefined ? [] : [name, value ? 'on' : 'off'])
  return [
    ...['ip', 'link', 'set', 'dev', vf.interface, 'vf', String(vf.number)],
    ...(mac === undefined ? [] : ['mac', mac]),
    ...(vlan === undefined ? [] : ['vlan', String(vlan)]),
    ...(qos ? ['qos', String(qos)] : []),
    ...(protocol === undefined || protocol === '802.1Q' ? [] : ['proto', protocol]),
    ...onOff('spoofchk', spoofCheck),
    ...onOff('trust', trust),
  ]
}

const noMac = '00:00:00:00:00:00'
/** What a driver takes that does not take six zeros: they with the bit of addresses that are locally administered. */
const nearlyNoMac = '02:00:00:00:00:00'

/** What is left to be set; a VLAN is set as a whole. */
function difference(state: VfState, { mac, vlan, qos, protocol, spoofCheck, trust }: VfState): VfState {
  const isMac = mac === undefined || mac === state.mac || (mac === noMac && state.mac === nearlyNoMac)
  const isVlan = vlan === undefined || (vlan === state.vlan && qos === state.qos && protocol === state.protocol)
  return {
    ...(!isMac && { mac }),
    ...(!isVlan && { vlan, ...(qos !== undefined && { qos }), ...(protocol !== undefined && { protocol }) }),
    ...(spoofCheck !== undefined && spoofCheck !== state.spoofCheck && { spoofCheck }),
    ...(trust !== undefined && trust !== state.trust && { trust }),
  }
}

/**
 * What a physical function says of its virtual one, as `ip -json link` tells it (ip/ipaddress.c, print_vfinfo);
 * `undefined` where it tells nothing: the driver has no such thing, or ip is not there or too old.
 */
async function readVfState({ run }: Pick<ManagedHost, 'run'>, vf: VfPort): Promise<VfState | undefined> {
  try {
    const { stdout } = await run(['ip', '-json', 'link', 'show', 'dev', vf.interface])
    const [link] = JSON.parse(stdout) as { vfinfo_list?: VfInfo[] }[]
    const info = link?.vfinfo_list?.find((each) => each.vf === vf.number)
    return info && stateOf(info)
  } catch (error) {
    if (error instanceof SyntaxError || VirtError.is(error, 'unsupported', 'operation-failed')) return undefined
    throw error
  }
}

interface VfVlan {
  readonly vlan?: number
  readonly qos?: number
  readonly protocol?: string
}

/** One virtual function in what ip prints; versions before 5.1 call the address mac. */
interface VfInfo extends VfVlan {
  readonly vf: number
  readonly address?: string
  readonly mac?: string
  readonly vlan_list?: readonly VfVlan[]
  readonly spoofchk?: boolean
  readonly trust?: boolean
}

function stateOf(info: VfInfo): VfState {
  const { address = info.mac, vlan_list, spoofchk, trust } = info
  const { vlan = 0, qos = 0, protocol = '802.1Q' } = (vlan_list ? vlan_list[0] : info) ?? {}
  return {
    ...(address !== undefined && { mac: address.toLowerCase() }),
    ...{ vlan, qos, protocol },
    ...(spoofchk !== undefined && { spoofCheck: spoofchk }),
    ...(trust !== undefined && { trust }),
  }
}
