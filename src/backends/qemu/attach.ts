import type { AffectOptions } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { toQemu } from '../../formats/qemu/hostdev.js'
import type { QemuHostdev } from '../../formats/qemu/options.js'
import { give } from '../../manager/give.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { describeHostdev } from '../../model/hostdev-match.js'
import { findHostdev } from '../../model/hostdev-target.js'
import type { QmpClient } from '../../wire/qmp/client.js'
import type { QemuGuest } from './guest.js'
import { plug } from './hand-over.js'
import { driver } from './host-guests.js'
import type { Part } from './part.js'
import { type Place, placeFor } from './place.js'
import type { QemuHost } from './qemu-host.js'
import { type Resolved, resolveHostdev } from './resolve.js'

/** What a hostdev is when it says nothing else: libvirt fills in the driver of a PCI device. */
const withDefaults = (def: HostdevDef): HostdevDef =>
  def.kind === 'pci' && def.driver === undefined ? { ...def, driver: { name: 'vfio' } } : def

/** What libvirt adds when it shows a mediated device: that it is no display unless it was said to be one. */
const asShown = (def: HostdevDef): HostdevDef =>
  def.kind === 'mdev' && def.model === 'vfio-pci' ? { ...def, display: def.display ?? false } : def

/**
 * Gives a guest that runs a device of the host, and answers the def as libvirt would show it: with the numbers of a USB
 * device, with alias and address. What the guest has already is an answer.
 */
export async function attach(
  host: QemuHost,
  guest: QemuGuest,
  { def: wanted, network }: Part,
  { signal }: AffectOptions,
): Promise<HostdevDef> {
  const resolved = await resolveHostdev(host.linux, host.managed.files, withDefaults(wanted))
  return await host.oneByOne(guest, async (qemu) => {
    const { machine, hostdevs } = await host.look(guest)
    const there = findHostdev(
      hostdevs.map(({ def }) => def),
      unplaced(resolved.def),
    )
    if (there) return there
    const ids = new Set(machine.devices.map(({ id }) => id))
    const named = { ...resolved.def, alias: aliasFor(resolved.def, guest, ids) } as HostdevDef
    const place = await placeFor(qemu, machine, { domain: guest.name, def: named })
    const placed = { ...named, ...(place.address && { address: place.address }) } as HostdevDef
    const words = wordsFor(placed, place, resolved, await isLegacy(qemu))
    const def = asShown(placed)
    const user = {
      driver,
      domain: guest.name,
      at: guest.path,
      hostdev: def,
      ...(isShareable(def) && { shareable: true }),
    }
    if (resolved.gift) {
      const managed = def.kind === 'pci' || def.kind === 'usb' ? (def.managed ?? false) : false
      const taking = { managed, driver: stubOf(def), network }
      await give(host.managed, resolved.gift, user, { ...taking, words, ...(signal && { signal }) })
    } else await plug(qemu, words)
    host.tell({ kind: 'device-added', domain: guest.name, alias: aliasOf(def) ?? '' })
    return def
  })
}

/** The driver that is to hold the device; libvirt's word `vfio` leaves the choice among its variants. */
export function stubOf(def: HostdevDef): string | undefined {
  if (def.kind !== 'pci' || !def.driver) return undefined
  const { name, model } = def.driver
  if (name !== 'xen') return model ?? name
  throw new VirtError(
    'config-unsupported',
    `${describeHostdev(def)} has the driver xen, which no QEMU uses; leave it out`,
  )
}

const isShareable = (def: HostdevDef): boolean => def.kind === 'scsi' && def.shareable === true

export const aliasOf = (def: HostdevDef): string | undefined => (def.kind === 'other' ? undefined : def.alias)

/** What a device is on the host, whatever alias and address are wished for. */
function unplaced(def: HostdevDef): HostdevDef {
  if (def.kind === 'other') return def
  const { alias: _, address: __, ...rest } = def
  return rest as HostdevDef
}

function aliasFor(def: HostdevDef, { name: domain }: QemuGuest, ids: ReadonlySet<string | undefined>): string {
  const wanted = aliasOf(def)
  if (wanted !== undefined) {
    if (!ids.has(wanted)) return wanted
    throw new VirtError(
      'operation-invalid',
      `the guest ${domain} has a device ${wanted} already; choose another alias`,
      {
        domain,
      },
    )
  }
  let number = 0
  while (ids.has(`hostdev${number}`)) number++
  return `hostdev${number}`
}

/** QEMU's words for a device at its place. @throws VirtError `config-unsupported` for what it has no words for */
export function wordsFor(def: HostdevDef, place: Place, { sgDevice }: Resolved, legacy = false): QemuHostdev {
  if (def.kind === 'scsi' && def.source.kind === 'adapter' && sgDevice === undefined)
    throw new VirtError('operation-invalid', `${describeHostdev(def)} has no generic node; modprobe sg`)
  const unaddressed = def.kind === 'other' ? def : { ...def, address: undefined }
  const { objects, blockdevs, devices } = toQemu(withoutUndefined(unaddressed), {
    ...(sgDevice && { sgDevice }),
    legacy,
  })
  return {
    objects,
    blockdevs,
    devices: devices.map((device, index) => (index === devices.length - 1 ? { ...device, ...place.props } : device)),
  }
}

const withoutUndefined = (def: object): HostdevDef =>
  Object.fromEntries(Object.entries(def).filter(([, value]) => value !== undefined)) as HostdevDef

/** QEMU before 5.1 knows USB devices by their numbers alone. */
async function isLegacy(qemu: QmpClient): Promise<boolean> {
  const { version } = (await qemu.greeting) as { version?: { qemu?: { major?: number; minor?: number } } }
  const { major = 0, minor = 0 } = version?.qemu ?? {}
  return major < 5 || (major === 5 && minor < 1)
}
