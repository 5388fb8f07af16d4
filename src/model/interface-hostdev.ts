import { VirtError } from '../errors.js'
import type { HostdevDef } from './hostdev.js'
import type { InterfaceDef } from './interface.js'
import type { HostdevInterface } from './vf-config.js'

/**
 * The host device that an interface of type hostdev is; what makes it an interface (its hardware address, VLAN and
 * switch port) is set up on the host and not part of it (`virDomainNetGetActualHostdev`).
 *
 * @returns `undefined` for an interface that is no host device
 */
export function hostdevOfInterface(def: InterfaceDef): HostdevDef | undefined {
  if (def.kind !== 'hostdev' || def.source.kind === 'other') return undefined
  const { boot, alias, rom, acpi, address, driver, teaming } = def
  const info = {
    managed: def.managed ?? false,
    ...(boot && { boot }),
    ...(alias !== undefined && { alias }),
    ...(rom && { rom }),
    ...(acpi && { acpi }),
    ...(address && { address }),
  }
  if (def.source.kind === 'usb') {
    const { kind, ...source } = def.source
    return { kind, ...info, source }
  }
  const { kind, ...source } = def.source
  return { kind, ...info, ...(driver && { driver }), source, ...(teaming && { teaming }) }
}

/**
 * The same for one that has to be a host device.
 * @throws VirtError `config-unsupported` for a kind that is not known
 */
export function hostdevBehind(def: HostdevInterface): HostdevDef {
  const found = hostdevOfInterface(def)
  if (found) return found
  throw new VirtError('config-unsupported', 'the interface is no host device that guests can be given')
}
