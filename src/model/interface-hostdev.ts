import type { HostdevDef } from './hostdev.js'
import type { InterfaceDef } from './interface.js'

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
