import { VirtError } from '../errors.js'
import type { VfConfig } from '../model/vf-config.js'
import type { ManagedDevice } from './host-device.js'
import type { ManagedHost } from './managed-host.js'

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
export async function readVfState({ run }: Pick<ManagedHost, 'run'>, vf: VfPort): Promise<VfState | undefined> {
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
