import { exists, linesOf, linkName, namesIn, realPath, textOf } from '../../host/plain-files.js'
import { finding } from '../../model/finding.js'
import type { HostFiles } from '../../os/host-files.js'
import type { HostUse } from './host-use.js'
import { seesHostProcesses } from './namespaces.js'

/** Disks that the host needs: what is mounted from them, swapped to, or made of them. */
export function storageUses(files: HostFiles): HostUse[] {
  const needed = [...mounts(files), ...swaps(files), ...volumes(files), ...unseen(files)]
  const seen = new Set<string>()
  return needed.flatMap(({ device, code, what, facts }) =>
    disksUnder(files, device).flatMap(({ path, via }) => {
      const key = `${path} ${code} ${what}`
      if (seen.has(key)) return []
      seen.add(key)
      const through = via.length > 1 ? ` (${via.join(' on ')})` : ''
      return [{ path, finding: finding(code, `${what}${through}`, { remedy: remedies[code], ...facts, disk: via }) }]
    }),
  )
}

const remedies = {
  'root-disk': 'keep it: the host runs from it',
  mounted: 'unmount it first',
  swap: 'switch it off with swapoff first',
  'in-volume': 'stop what is made of it first: vgchange -an, mdadm --stop',
  unseen: 'show this program the processes of the host: docker run --pid host',
} as const

interface Needed {
  /** The kernel's name of the block device. */
  readonly device: string
  readonly code: keyof typeof remedies
  readonly what: string
  readonly facts: Record<string, string>
}

/**
 * File systems that this process sees, and those that the host's first process does, which are others for a container
 * or a service of its own mounts (Documentation/filesystems/proc.rst, section 3.5).
 */
function* mounts(files: HostFiles): Generator<Needed> {
  for (const line of ['self', '1'].flatMap((process) => linesOf(files, `/proc/${process}/mountinfo`))) {
    const [before = '', after = ''] = line.split(' - ')
    const [, , number = '', , mountpoint = ''] = before.split(' ')
    const source = unescapeOctal(after.split(' ')[1] ?? '')
    // btrfs and overlays have numbers of no block device: their source says more
    const device = linkName(files, `/sys/dev/block/${number}`) ?? blockName(files, source)
    if (device === undefined) continue
    const at = unescapeOctal(mountpoint)
    const facts = { mountpoint: at, source }
    if (at === '/') yield { device, code: 'root-disk', what: 'holds the root file system', facts }
    else yield { device, code: 'mounted', what: `holds what is mounted at ${at}`, facts }
  }
}

function* swaps(files: HostFiles): Generator<Needed> {
  for (const line of linesOf(files, '/proc/swaps').slice(1)) {
    const source = unescapeOctal(line.split(/\s/)[0] ?? '')
    const device = blockName(files, source)
    if (device !== undefined) yield { device, code: 'swap', what: `holds the swap space ${source}`, facts: { source } }
  }
}

/** Devices that others are made of, mounted or not: `holders` (block/holder.c). */
function* volumes(files: HostFiles): Generator<Needed> {
  for (const device of namesIn(files, '/sys/class/block')) {
    const [holder] = namesIn(files, `/sys/class/block/${device}/holders`)
    if (holder === undefined) continue
    const volume = textOf(files, `/sys/class/block/${holder}/dm/name`) ?? holder
    yield { device, code: 'in-volume', what: `is part of ${volume}`, facts: { volume } }
  }
}

/** Every disk, where what the host has mounted cannot be seen. */
function* unseen(files: HostFiles): Generator<Needed> {
  if (seesHostProcesses(files)) return
  const what = 'may hold what the host has mounted, which this container does not see'
  for (const device of namesIn(files, '/sys/class/block'))
    if (exists(files, `/sys/class/block/${device}/device`)) yield { device, code: 'unseen', what, facts: {} }
}

/** Name of the block device that a path below /dev means: /dev/sda1, /dev/mapper/root, /dev/disk/by-uuid/… */
function blockName(files: HostFiles, path: string): string | undefined {
  if (!path.startsWith('/dev/')) return undefined
  const real = realPath(files, path) ?? path
  const name = real.slice('/dev/'.length).replaceAll('/', '!')
  if (realPath(files, `/sys/class/block/${name}`) !== undefined) return name
  const mapped = path.slice('/dev/mapper/'.length)
  return namesIn(files, '/sys/class/block').find((each) => textOf(files, `/sys/class/block/${each}/dm/name`) === mapped)
}

interface Disk {
  /** Folder in /sys/devices. */
  readonly path: string
  /** The way down to it, by names. */
  readonly via: readonly string[]
}

/** The disks below a block device: through device mapper and RAID, partitions, and the paths of an NVMe namespace. */
function disksUnder(files: HostFiles, device: string, above: readonly string[] = []): Disk[] {
  const path = realPath(files, `/sys/class/block/${device}`)
  if (path === undefined || above.includes(device)) return []
  const via = [...above, device]
  const slaves = namesIn(files, `${path}/slaves`)
  if (slaves.length > 0) return slaves.flatMap((slave) => disksUnder(files, slave, via))
  // with several ways to a namespace, its disk is in no controller's folder (drivers/nvme/host/multipath.c)
  const subsystem = /^(.*\/nvme-subsystem\/nvme-subsys\d+)\//.exec(path)?.[1]
  if (subsystem === undefined) return [{ path, via }]
  const controllers = namesIn(files, subsystem).filter((name) => /^nvme\d+$/.test(name))
  return controllers.flatMap((name) => {
    const controller = realPath(files, `${subsystem}/${name}`)
    return controller === undefined ? [] : [{ path: controller, via: [...via, name] }]
  })
}

/** Blanks and backslashes in paths are written as `\040` there. */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
