import { VirtError } from '../errors.js'
import { normalMac } from './mac-address.js'

/**
 * What a physical function of a network card lets one of its virtual ones be: `ip link set PF vf N`. Whoever has the
 * virtual function cannot change it. What is left out stays as it is.
 */
export interface VfConfig {
  /** The hardware address, libvirt's admin MAC; six zeros for none, so that the function chooses one itself. */
  readonly mac?: string
  /** Number of the VLAN that its frames are in, which it does not see; 0 for none. */
  readonly vlan?: number
  /** Whether frames with another hardware address are dropped. */
  readonly spoofCheck?: boolean
  /** Whether it may become promiscuous and choose its address in spite of the above. */
  readonly trust?: boolean
}

/**
 * Checks and spells a virtual function's configuration.
 *
 * @throws VirtError `invalid-argument` for what is no hardware address, or no VLAN
 */
export function checkedVfConfig(config: VfConfig): VfConfig {
  const { mac, vlan, spoofCheck, trust } = config
  const address = mac === undefined ? undefined : normalMac(mac)
  if (mac !== undefined && address === undefined)
    throw new VirtError('invalid-argument', `${JSON.stringify(mac)} is no hardware address; write 52:54:00:6d:90:02`)
  if (vlan !== undefined && !(Number.isInteger(vlan) && vlan >= 0 && vlan <= 4095))
    throw new VirtError('invalid-argument', `${vlan} is no VLAN; there are 1 to 4095, and 0 for none`)
  return {
    ...(address !== undefined && { mac: address }),
    ...(vlan !== undefined && { vlan }),
    ...(spoofCheck !== undefined && { spoofCheck }),
    ...(trust !== undefined && { trust }),
  }
}
