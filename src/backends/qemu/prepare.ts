import type { CallOptions } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { toQemu } from '../../formats/qemu/hostdev.js'
import { formatProps, type QemuProps } from '../../formats/qemu/props.js'
import { give } from '../../manager/give.js'
import type { DeviceUser } from '../../manager/guests.js'
import { takeFromTheGone } from '../../manager/take.js'
import type { HostdevDef } from '../../model/hostdev.js'
import type { HostdevInterface } from '../../model/vf-config.js'
import { aliasOf, stubOf } from './attach.js'
import { beginOf, driver } from './host-guests.js'
import { type Part, partOf } from './part.js'
import { type QemuOptions, qemuHost } from './qemu.js'
import type { QemuHost } from './qemu-host.js'
import { resolveHostdev } from './resolve.js'

/** How a host is made ready for a guest. */
export interface PrepareOptions extends CallOptions {
  /** Where the guest's QMP monitor will be: by it the devices can be listed and taken back while the guest runs. */
  monitor?: string
}

/** A host that is ready for a guest. */
export interface PreparedHost {
  /** The host devices, with the aliases that the guest will have them by. */
  readonly hostdevs: HostdevDef[]
  /** What QEMU's command line needs for them: `-device`, `{"driver":"vfio-pci",…}` and so on. */
  readonly argv: string[]
}

/** What a program that starts QEMU itself has of this library: its hostdev manager. */
export interface HostdevManager extends AsyncDisposable {
  /**
   * Takes devices from their drivers where they are managed, writes into the book that the guest has them, and says
   * them in QEMU's words: all of them or none. An interface of type hostdev has its hardware address and its VLAN set
   * on the card (SR-IOV), until it is given back. To be called before QEMU is started; the book has them for the guest
   * for as long as the calling process lives or QEMU does. Answers to `qemuHostdevPrepareDomainDevices`.
   */
  prepareHost(
    domain: string,
    hostdevs: readonly (HostdevDef | HostdevInterface)[],
    options?: PrepareOptions,
  ): Promise<PreparedHost>
  /**
   * Gives back all that a guest had, also what came while it ran. To be called when QEMU has exited, or has not been
   * started after all. Answers to `qemuHostdevReAttachDomainDevices`.
   *
   * @returns names of the devices
   * @throws VirtError `resource-busy` when QEMU still runs
   */
  releaseHost(domain: string, options?: CallOptions): Promise<string[]>
}

/** The hostdev manager of a program that starts QEMU itself. */
export function hostdevManager(options: Omit<QemuOptions, 'monitors' | 'uri'> = {}): HostdevManager {
  const host = qemuHost({ ...options, monitors: {} })
  const release = async (domain: string, call: CallOptions = {}) => {
    const names: string[] = []
    const isIts = (user: DeviceUser) => user.driver === driver && user.domain === domain
    for await (const { device, failure } of takeFromTheGone(host.managed, call, isIts)) {
      // QEMU that still has one of them has all of them
      if (failure) throw failure
      names.push(device)
    }
    return names
  }
  return {
    async prepareHost(domain, hostdevs, call = {}) {
      const parts = hostdevs.map(partOf)
      const own = new Set(parts.flatMap(({ def }) => aliasOf(def) ?? []))
      const prepared: PreparedHost = { hostdevs: [], argv: [] }
      try {
        for (const { def, network } of parts) {
          const ready = await prepare(host, domain, { def: named(def, own), network }, call)
          prepared.hostdevs.push(ready.def)
          prepared.argv.push(...ready.argv)
        }
        return prepared
      } catch (error) {
        await release(domain)
        throw error
      }
    },
    releaseHost: release,
    [Symbol.asyncDispose]: () => host.monitors[Symbol.asyncDispose](),
  }
}

async function prepare(
  host: QemuHost,
  domain: string,
  { def: wanted, network }: Part,
  { monitor, signal }: PrepareOptions,
) {
  const { def, gift, sgDevice } = await resolveHostdev(host.linux, host.managed.files, wanted)
  const words = toQemu(def, sgDevice === undefined ? {} : { sgDevice })
  const began = beginOf(host.managed.files, process.pid)
  const user: DeviceUser = {
    driver,
    domain,
    ...(monitor !== undefined && { at: monitor }),
    hostdev: def,
    ...(began !== undefined && { launcher: { pid: process.pid, began } }),
    ...(def.kind === 'scsi' && def.shareable && { shareable: true }),
  }
  const managed = def.kind === 'pci' || def.kind === 'usb' ? (def.managed ?? false) : false
  if (gift) await give(host.managed, gift, user, { managed, driver: stubOf(def), network, ...(signal && { signal }) })
  const option = (name: string, all: readonly QemuProps[]) => all.flatMap((each) => [name, formatProps(each, 'json')])
  const { objects, blockdevs, devices } = words
  return {
    def,
    argv: [...option('-object', objects), ...option('-blockdev', blockdevs), ...option('-device', devices)],
  }
}

/** A def with an alias; those that have none are numbered as libvirt numbers them. */
function named(def: HostdevDef, taken: Set<string>): HostdevDef {
  if (def.kind === 'other') throw new VirtError('config-unsupported', `${def.type} is no host device that QEMU has`)
  if (def.alias !== undefined) return def
  let number = 0
  while (taken.has(`hostdev${number}`)) number++
  const alias = `hostdev${number}`
  taken.add(alias)
  return { ...def, alias } as HostdevDef
}
