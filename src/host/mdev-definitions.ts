import type { Warning } from '../backend.js'
import { VirtError } from '../errors.js'
import { readMdevctlFile } from '../formats/mdevctl.js'
import type { MdevDevice } from '../model/kinds/mdev.js'
import { capabilityOf, type NodeDeviceDef } from '../model/node-device.js'
import { Denied, type HostFiles } from '../os/host-files.js'
import { namesIn, realPath } from './plain-files.js'
import { decodeText } from './text.js'

/** Where mdevctl keeps a file for each mediated device that is defined, in a folder for each parent. */
const folder = '/etc/mdevctl.d'
/** The most that is read of one. */
const largest = 64 * 1024

/** Where mdevctl keeps the definition of a device. */
export const mdevDefinitionFile = ({ uuid, parentAddress }: Pick<MdevDevice, 'uuid' | 'parentAddress'>): string =>
  `${folder}/${parentAddress}/${uuid}`

/** A mediated device that is defined. */
export interface MdevDefinition {
  readonly def: NodeDeviceDef
  readonly mdev: MdevDevice
  /** Whether it is started with the host. */
  readonly autostart: boolean
  /** Whether it is there now. */
  readonly active: boolean
  /** mdevctl's own text. */
  readonly json: string
}

/**
 * Mediated devices that are defined, by name, as mdevctl's files say it; no process is run for them.
 *
 * @param nameAt - finds the node device at a folder
 * @param warnings - takes what is odd about the files
 */
export function readMdevDefinitions(
  files: HostFiles,
  nameAt: (path: string) => string | undefined,
  warnings: Warning[],
): Map<string, MdevDefinition> {
  const found = new Map<string, MdevDefinition>()
  for (const address of namesIn(files, folder)) {
    if (address === 'scripts.d') continue
    const at = realPath(files, `/sys/class/mdev_bus/${address}`)
    const parent = at === undefined ? undefined : nameAt(at)
    for (const uuid of namesIn(files, `${folder}/${address}`)) {
      const path = `${folder}/${address}/${uuid}`
      const bytes = files.bytes(path, largest)
      if (bytes instanceof Denied) continue
      const json = decodeText(bytes)
      try {
        const { def, autostart } = readMdevctlFile(address, uuid, json, parent)
        const active = isThere(files, address, uuid)
        found.set(def.name, { ...withoutGroup(def), autostart, active, json })
      } catch (error) {
        if (!VirtError.is(error)) throw error
        warnings.push({ path, problem: error.message })
      }
    }
  }
  return found
}

/** A device that is not there is in no IOMMU group; libvirt says it is in 0. */
function withoutGroup(def: NodeDeviceDef): Pick<MdevDefinition, 'def' | 'mdev'> {
  const { iommuGroup: _, ...mdev } = capabilityOf(def, 'mdev') as MdevDevice & { kind: 'mdev' }
  return { def: { ...def, capabilities: [mdev] }, mdev }
}

function isThere(files: HostFiles, address: string, uuid: string): boolean {
  return realPath(files, `/sys/bus/mdev/devices/${uuid}`)?.endsWith(`/${address}/${uuid}`) ?? false
}
