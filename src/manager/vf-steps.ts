import { VirtError } from '../errors.js'
import { linkName, namesIn, textOf } from '../host/plain-files.js'
import { checkedVfConfig, type VfConfig } from '../model/vf-config.js'
import type { Step } from './change.js'
import type { ManagedHost } from './managed-host.js'
import type { PciFunction } from './pci-function.js'
import { readVfState, type VfPort, type VfState } from './vf-network.js'

/**
 * Sets what the physical function of a network card says of this one, where that is wanted, and has it back as it is
 * now when the steps are reversed: whoever changes it in between. Answers to `virHostdevSetNetConfig` and
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

/** A VLAN is set with its priority and marking. */
const fullVlan = ({ vlan }: VfConfig): VfState => (vlan === undefined ? {} : { qos: 0, protocol: '802.1Q' })
