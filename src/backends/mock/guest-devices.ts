import { delay } from '../../async/deadline.js'
import type { DetachHostdevOptions } from '../../backend.js'
import { VirtError } from '../../errors.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { describeHostdev, isHostDevice, sameHostDevice } from '../../model/hostdev-match.js'
import { describeTarget, findHostdev, type HostdevTarget } from '../../model/hostdev-target.js'
import { capabilityOf } from '../../model/node-device.js'
import { placed } from './guest-slots.js'
import type { MockDevice, MockGuest, MockHost } from './host.js'
import { detach, isStub, needViableGroup, reattach } from './passthrough.js'

/** How long a guest has to let go of a device: libvirt's limit on x86 (`qemuDomainRemoveDeviceWaitTime`). */
const unplugLimit = 5000

/** Kinds that name nothing a node device stands for. */
const unseen = (def: HostdevDef) =>
  def.kind === 'scsi_host' || def.kind === 'other' || (def.kind === 'scsi' && def.source.kind !== 'adapter')

/** Gives a running guest a device of the host. */
export function attachLive(host: MockHost, guest: MockGuest, def: HostdevDef): HostdevDef {
  const before = guest.live.length
  const attached = give(host, guest, def)
  if (guest.live.length > before) host.tellDomain({ kind: 'device-added', domain: guest.name, ...aliasOf(attached) })
  return structuredClone(attached)
}

function give(host: MockHost, guest: MockGuest, def: HostdevDef): HostdevDef {
  const device = unseen(def) ? undefined : theDevice(host, guest, def)
  const exact = device ? withAddress(def, device) : def
  const same = guest.live.find((each) => sameHostDevice(each, exact))
  if (same) return same
  needUnused(host, guest, exact)
  if (def.kind === 'pci' && device) takePci(host, device, def)
  const attached = placed(exact, guest.live)
  guest.live.push(attached)
  return attached
}

/** Takes a device from a running guest: when the guest lets go of it, and not before. */
export async function detachLive(
  host: MockHost,
  guest: MockGuest,
  target: HostdevTarget,
  { signal, timeout = unplugLimit }: DetachHostdevOptions,
): Promise<void> {
  const attached = needHostdev(guest, guest.live, target)
  if (guest.refusesUnplug) {
    host.tellDomain({ kind: 'removal-failed', domain: guest.name, ...aliasOf(attached) })
    throw new VirtError(
      'operation-failed',
      `the guest ${guest.name} refuses to let go of ${describeHostdev(attached)}`,
      {
        domain: guest.name,
      },
    )
  }
  const release = () => {
    const index = guest.live.indexOf(attached)
    if (index < 0) return
    guest.live.splice(index, 1)
    giveBack(host, attached)
    host.tellDomain({ kind: 'device-removed', domain: guest.name, ...aliasOf(attached) })
  }
  if (guest.unplugDelay === 0) return release()
  const late = delay(guest.unplugDelay).then(release)
  if (guest.unplugDelay <= timeout) return await late
  await delay(timeout, signal)
  throw new VirtError(
    'timeout',
    `the guest ${guest.name} has not let go of ${describeHostdev(attached)} within ${timeout} ms; it may still do`,
    { domain: guest.name },
  )
}

/**
 * Gives a device back to its driver, if it was taken from it for this guest: one that was detached by hand stays so
 * (`virHostdevReAttachPCIDevices`).
 */
function giveBack(host: MockHost, def: HostdevDef): void {
  const device = [...host.devices.values()].find((each) => isHostDevice(each.def, def))
  if (!device?.managed) return
  device.managed = false
  reattach(host, device.def.name)
}

/**
 * Starts a guest with what its config says, each device found anew.
 * @throws VirtError what attaching says, with no change
 */
export function startGuest(host: MockHost, guest: MockGuest): void {
  guest.state = 'running'
  guest.id = Math.max(0, ...[...host.guests.values()].map(({ id = 0 }) => id)) + 1
  try {
    for (const def of guest.config) give(host, guest, def)
  } catch (error) {
    stopGuest(host, guest)
    throw error
  }
}

/** Stops a guest; its devices are given back to the host. */
export function stopGuest(host: MockHost, guest: MockGuest): void {
  guest.state = 'shutoff'
  guest.id = undefined
  for (const def of guest.live.splice(0)) giveBack(host, def)
}

/** The host device of a guest that is meant. @throws VirtError `device-missing` */
export function needHostdev(guest: MockGuest, hostdevs: readonly HostdevDef[], target: HostdevTarget): HostdevDef {
  const found = findHostdev(hostdevs, target)
  if (found) return found
  throw new VirtError('device-missing', `the guest ${guest.name} has no ${describeTarget(target)}`, {
    domain: guest.name,
  })
}

const aliasOf = (def: HostdevDef) => (def.kind === 'other' || def.alias === undefined ? {} : { alias: def.alias })

/** The one device of the host that is meant; errors as a real host gives them. */
function theDevice(host: MockHost, guest: MockGuest, def: HostdevDef): MockDevice {
  const found = [...host.devices.values()].filter((each) => each.active && isHostDevice(each.def, def))
  const [device] = found
  if (device && found.length === 1) return device
  const what = describeHostdev(def)
  if (device)
    throw new VirtError('operation-failed', `several devices are ${what}; give the address of the one that is meant`, {
      domain: guest.name,
      candidates: found.map((each) => each.def.name),
    })
  const code = def.kind === 'mdev' ? 'device-missing' : def.kind === 'usb' ? 'internal' : 'system'
  throw new VirtError(code, `${what} is not on this host; is it plugged in?`, {
    domain: guest.name,
    ...(code === 'system' && { errno: 'ENOENT' }),
  })
}

/** A running guest has a device, not any device with its ids: the address says which. */
function withAddress(def: HostdevDef, device: MockDevice): HostdevDef {
  const usb = capabilityOf(device.def, 'usb_device')
  if (def.kind !== 'usb' || !usb) return structuredClone(def)
  return { ...def, source: { ...def.source, address: { bus: usb.bus, device: usb.device } } }
}

/** @throws VirtError `operation-invalid` when another guest has it, unless both share a SCSI device */
function needUnused(host: MockHost, guest: MockGuest, def: HostdevDef): void {
  const shared = (each: HostdevDef) => each.kind === 'scsi' && each.shareable === true
  const holder = host.holderOf((each) => sameHostDevice(each, def) && !(shared(each) && shared(def)))
  if (holder && holder !== guest)
    throw new VirtError('operation-invalid', `${describeHostdev(def)} is in use by the guest ${holder.name}`, {
      domain: holder.name,
    })
}

function takePci(host: MockHost, device: MockDevice, def: Extract<HostdevDef, { kind: 'pci' }>): void {
  if (!def.managed && !isStub(device.def.driver))
    throw new VirtError(
      'operation-invalid',
      `${device.def.name} is not managed and still bound to ${device.def.driver ?? 'no driver'}; detach it first`,
      { device: device.def.name },
    )
  const before = device.def.driver
  if (def.managed) detach(host, device.def.name, { driver: def.driver?.name === 'xen' ? 'pciback' : 'vfio-pci' })
  device.managed = device.def.driver !== before
  try {
    needViableGroup(host, device)
  } catch (error) {
    giveBack(host, def)
    throw error
  }
}
