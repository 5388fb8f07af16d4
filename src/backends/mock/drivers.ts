import type { AffectOptions, DefOptions, DeviceDriver, DomainDriver } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { listCapabilities, matchesFilter } from '../../model/device-caps.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { sameHostDevice } from '../../model/hostdev-match.js'
import { hostdevBehind } from '../../model/interface-hostdev.js'
import { inactiveDef, type NodeDeviceDef, nodeDevice } from '../../model/node-device.js'
import { vfConfigOf } from '../../model/vf-config.js'
import { needDefinition } from '../../model/virtual-device.js'
import { assignabilityOn } from './assignability.js'
import { create, define, destroy, setAutostart, start, undefine, update } from './create.js'
import { attachLive, detachLive, needHostdev, stopGuest } from './guest-devices.js'
import type { MockGuest, MockHost } from './host.js'
import { detach, groupOf, reattach, reset } from './passthrough.js'
import { needVirtualFunction, setVirtualFunctions } from './virtual-functions.js'

/** In compat a def is what libvirt's parser keeps of it. */
function copy(def: NodeDeviceDef, { compat = false }: DefOptions): NodeDeviceDef {
  return compat ? nodeDevice.parse(nodeDevice.format(def, { compat }), { compat }) : structuredClone(def)
}

/** The devices of a mock host, as every backend offers them. */
export const deviceDriver = (host: MockHost): DeviceDriver => ({
  async list(filter) {
    return [...host.devices.values()]
      .filter(({ def }) => matchesFilter(def, filter))
      .filter(({ active }) => filter.state === undefined || active === (filter.state === 'active'))
      .filter(
        ({ persistent }) => filter.persistence === undefined || persistent === (filter.persistence === 'persistent'),
      )
      .map(({ def }) => def.name)
  },
  async lookup(name, options) {
    const device = host.devices.get(name)
    if (!device || !options.inactive) return device && copy(device.def, options)
    needDefinition(name, device)
    return copy(inactiveDef(device.definition ?? device.def), options)
  },
  async lookupByKey(key) {
    return [...host.devices.values()].find(({ def }) => def.path === key)?.def.name
  },
  companionPort: async (port) => host.companionPorts.get(port),
  async state(name) {
    const { active, persistent, autostart } = host.device(name)
    return { active, persistent, autostart }
  },
  create: async (def) => create(host, def),
  destroy: async (name) => destroy(host, name),
  define: async (def) => define(host, def),
  undefine: async (name) => undefine(host, name),
  start: async (name) => start(host, name),
  setAutostart: async (name, autostart) => setAutostart(host, name, autostart),
  update: async (name, def, options) => update(host, name, def, options),
  async detach(name, options) {
    if (options.network) needVirtualFunction(host.device(name), options.network)
    const devices = options.wholeGroup ? groupOf(host, name) : [name]
    for (const dryRun of options.dryRun ? [true] : [true, false])
      for (const device of devices) detach(host, device, { ...options, dryRun })
    return []
  },
  async reattach(name, options) {
    reattach(host, name, options)
    return []
  },
  async reset(name) {
    reset(host, name)
    return []
  },
  assignability: async (names, options) => assignabilityOn(host, names, options.for),
  setVirtualFunctions: async (name, count) => setVirtualFunctions(host, name, count),
  watch: async ({ signal, device, capability }) =>
    host.deviceEvents.add(
      signal,
      (event, def) =>
        (device === undefined || device === event.device) &&
        (capability === undefined || (def !== undefined && listCapabilities(def).includes(capability))),
    ),
})

/** Which configurations a change is for; the running one of a guest that runs, else the stored one. */
function affected(guest: MockGuest, { live, config }: AffectOptions): { live: boolean; config: boolean } {
  const running = guest.state !== 'shutoff'
  const chosen = live === undefined && config === undefined ? { live: running, config: !running } : { live, config }
  if (chosen.live && !running)
    throw new VirtError('operation-invalid', `the guest ${guest.name} is not running; change its config`, {
      domain: guest.name,
    })
  return { live: chosen.live ?? false, config: chosen.config ?? false }
}

/** The guests of a mock host, as every hypervisor's backend offers them. */
export const domainDriver = (host: MockHost): DomainDriver => ({
  async list() {
    return [...host.guests.values()].map(infoOf)
  },
  async lookup(nameOrUuid) {
    const guest = [...host.guests.values()].find(({ name, uuid }) => name === nameOrUuid || uuid === nameOrUuid)
    return guest && infoOf(guest)
  },
  async hostdevs(domain, options) {
    const guest = host.guest(domain)
    return structuredClone(affected(guest, options).live ? guest.live : guest.config)
  },
  attach: async (domain, def, options) => attach(host, domain, def, options),
  async attachInterface(domain, wanted, options) {
    const def = hostdevBehind(wanted)
    // what no card can be told is refused as on a real host
    if (def.kind === 'pci') vfConfigOf(wanted)
    return attach(host, domain, def, options)
  },
  async detach(domain, target, options) {
    const guest = host.guest(domain)
    const { live, config } = affected(guest, options)
    // both are looked for before either is changed
    const running: HostdevDef | undefined = live ? needHostdev(guest, guest.live, target) : undefined
    const stored: HostdevDef | undefined = config ? needHostdev(guest, guest.config, running ?? target) : undefined
    if (live) await detachLive(host, guest, target, options)
    if (stored) guest.config.splice(guest.config.indexOf(stored), 1)
  },
  async controllers(domain) {
    return structuredClone(host.guest(domain).controllers)
  },
  async attachController(domain, def) {
    const { controllers } = host.guest(domain)
    const free = controllers.length === 0 ? 0 : Math.max(...controllers.map(({ index = 0 }) => index)) + 1
    const made = { version: 2, ports: 8, ...def, index: def.index ?? free } as const
    if (controllers.some(({ index }) => index === made.index))
      throw new VirtError('operation-invalid', `the guest ${domain} has a USB controller ${made.index} already`, {
        domain,
      })
    controllers.push(made)
    return { ...made }
  },
  async detachController(domain, index) {
    const guest = host.guest(domain)
    const at = guest.controllers.findIndex((each) => each.index === index)
    if (at < 0) throw new VirtError('device-missing', `the guest ${domain} has no USB controller ${index}`, { domain })
    guest.controllers.splice(at, 1)
    const on = (def: HostdevDef) => def.kind === 'usb' && def.address?.kind === 'usb' && def.address.bus === index
    guest.live = guest.live.filter((def) => !on(def))
  },
  async shutdown(domain) {
    const guest = host.guest(domain)
    if (guest.state === 'shutoff')
      throw new VirtError('operation-invalid', `the guest ${domain} is not running`, { domain })
    stopGuest(host, guest)
    host.tellDomain({ kind: 'stopped', domain })
  },
  watch: async ({ signal }) => host.domainEvents.add(signal),
})

const infoOf = ({ name, uuid, id, state }: MockGuest) => ({ name, uuid, state, ...(id !== undefined && { id }) })

function attach(host: MockHost, domain: string, def: HostdevDef, options: AffectOptions): HostdevDef {
  const guest = host.guest(domain)
  const { live, config } = affected(guest, options)
  const attached = live ? attachLive(host, guest, def) : def
  if (config && !guest.config.some((each) => sameHostDevice(each, def))) guest.config.push(structuredClone(def))
  return attached
}
