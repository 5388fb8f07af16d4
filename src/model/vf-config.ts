import { VirtError } from '../errors.js'
import type { InterfaceDef } from './interface.js'
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

/** An interface that is a host device. */
export type HostdevInterface = Extract<InterfaceDef, { kind: 'hostdev' }>

/**
 * What an interface of type hostdev has the physical function say of its virtual one (`virNetDevSetNetConfig`); as in
 * libvirt, an interface without VLAN is in none.
 *
 * @throws VirtError `config-unsupported` (libvirt's 67) for a trunk of VLANs, and for a switch port of 802.1Qbg or Qbh
 */
export function vfConfigOf({ mac, vlan, virtualPort }: HostdevInterface): VfConfig {
  if (virtualPort !== undefined)
    throw new VirtError('config-unsupported', 'a virtualport of a virtual function is not supported; leave it out')
  if (vlan && (vlan.trunk || vlan.tags.length > 1))
    throw new VirtError('config-unsupported', 'a virtual function is in one VLAN, and is no trunk; give one tag')
  return {
    ...(mac?.address !== undefined && { mac: mac.address }),
    vlan: vlan?.tags[0]?.id ?? 0,
  }
}
