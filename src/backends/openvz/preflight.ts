import { VirtError } from '../../errors.js'
import type { ConfigWord } from '../../formats/container-config.js'
import { containerHostdevs } from '../../formats/container-hostdevs.js'
import { exists, realPath } from '../../host/plain-files.js'
import { hostDevice } from '../../manager/host-device.js'
import { refuseFor } from '../../manager/make-change.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import { HostUses } from '../../manager/preflight/host-use.js'
import { takeInventory } from '../../manager/preflight/inventory.js'
import { storageUses } from '../../manager/preflight/storage-uses.js'
import { useFindings } from '../../manager/preflight/use-findings.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { describeHostdev, sameHostDevice } from '../../model/hostdev-match.js'
import { formatPciAddress } from '../../model/pci-address.js'
import type { Container } from './containers.js'
import type { Vzctl } from './vzctl.js'

/** What OpenVZ would forget of a def without a word, and devices that this vzctl cannot give. */
export function refuseUnsayable(def: HostdevDef, vzctl: Vzctl | undefined): void {
  if (def.kind === 'net' && ((def.ips?.length ?? 0) > 0 || (def.routes?.length ?? 0) > 0))
    throw new VirtError(
      'config-unsupported',
      `OpenVZ gives ${describeHostdev(def)} no addresses and routes; leave them out, and set them inside`,
    )
  if (def.kind === 'pci' && vzctl && !vzctl.hasPci)
    throw new VirtError('unsupported', `vzctl ${vzctl.version.text} gives containers no PCI devices; a newer one does`)
}

/** An interface or a PCI device is one container's alone; device nodes may be several containers'. */
export function refuseTaken(def: HostdevDef, container: Container, others: readonly Container[]): void {
  if (def.kind !== 'net' && def.kind !== 'pci') return
  const owner = others.find(
    (each) =>
      each.name !== container.name && containerHostdevs(each.config).some((other) => sameHostDevice(other, def)),
  )
  if (owner)
    throw new VirtError(
      'operation-invalid',
      `${describeHostdev(def)} belongs to container ${owner.name}; take it from there first`,
      { domain: owner.name },
    )
}

/**
 * Refuses to change a running container by a vzctl 9 that would refuse every change: for a config that names an
 * interface that it keeps for itself, or a PCI device that has gone.
 */
export function refuseBadConfig({ files }: ManagedHost, { name, config }: Container, vzctl: Vzctl): void {
  if (vzctl.version.generation === 4) return
  const reserved = config.words('NETDEV').find((word) => /^(venet|tun|tap|lo)/.test(word))
  const gone = config.words('PCI').find((address) => !exists(files, `/sys/bus/pci/devices/${address}`))
  const problem = reserved ? `the interface ${reserved}` : gone && `the PCI device ${gone}, which is not there`
  if (problem)
    throw new VirtError(
      'operation-invalid',
      `container ${name} cannot be changed: vzctl ${vzctl.version.text} refuses every change while its config names ${problem}; take that from the config first`,
      { domain: name },
    )
}

/** Refuses to give a running container what is not there, or what the host needs. */
export async function refuseNeeded(host: ManagedHost, def: HostdevDef, { key, word }: ConfigWord): Promise<void> {
  const { files } = host
  if (def.kind === 'net') return await refuseNeededInterface(host, def.source.interface)
  if (def.kind === 'pci') {
    hostDevice(files, 'pci', word, `PCI device ${formatPciAddress(def.source.address)}`)
    return
  }
  const path = key === 'DEVNODES' ? `/dev/${word.replace(/:[^:]*$/, '')}` : undefined
  if (path !== undefined && !exists(files, path))
    throw new VirtError('device-missing', `${describeHostdev(def)} is not on this host`, { path })
  if (def.kind !== 'storage') return
  const device = realPath(files, `/sys/class/block/${def.source.block.replace(/^\/dev\//, '')}`)
  if (device === undefined) return
  refuseFor({ key: '', name: describeHostdev(def) }, new HostUses(storageUses(files)).below(device))
}

async function refuseNeededInterface(host: ManagedHost, name: string): Promise<void> {
  const folder = `/sys/class/net/${name}`
  const real = realPath(host.files, folder)
  if (real === undefined)
    throw new VirtError('device-missing', `the interface ${name} is not on the host; is it in a container already?`, {
      device: name,
    })
  const look = await takeInventory(host)
  const device = { key: `net-${name}`, name: `the interface ${name}`, folder, real, inode: 0 }
  refuseFor(device, [...look.uses.ofInterface(real, name), ...(await useFindings(look, device, []))])
}
