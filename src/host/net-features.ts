import type { RunCommand } from '../os/command.js'
import type { HostFiles } from '../os/host-files.js'
import { namesIn, realPath } from './plain-files.js'
import type { Survey } from './survey.js'

/** libvirt's words for offloads in libvirt's order, with ethtool's; `undefined` for what ethtool does not tell. */
const words: readonly (readonly [word: string, ethtool: string | undefined])[] = [
  ['rx', 'rx-checksumming'],
  ['tx', 'tx-checksumming'],
  ['sg', 'scatter-gather'],
  ['tso', 'tcp-segmentation-offload'],
  ['gso', 'generic-segmentation-offload'],
  ['gro', 'generic-receive-offload'],
  ['lro', 'large-receive-offload'],
  ['rxvlan', 'rx-vlan-offload'],
  ['txvlan', 'tx-vlan-offload'],
  ['ntuple', 'ntuple-filters'],
  ['rxhash', 'receive-hashing'],
  ['rdma', undefined],
  ['txudptnl', 'tx-udp_tnl-segmentation'],
]

/** ethtool prints 8 KB of an interface; a host with thousands of them is none too many. */
const mostOutput = 256 * 1024 * 1024

/** Milliseconds; drivers answer in microseconds, unless one hangs. */
const longestWait = 10_000

/** Offloads that are on, by interface. */
export type NetFeatures = Map<string, string[]>

/**
 * Asks ethtool for the offloads of an interface, or for those of all (`*`) in one process (`virNetDevGetFeatures`).
 * `switchdev` is not among them, for only devlink knows of it.
 */
export async function readNetFeatures(
  interfaces: string,
  run: RunCommand,
  files: HostFiles,
  survey: Survey,
): Promise<NetFeatures> {
  const { stdout } = await run(['ethtool', '--json', '-k', interfaces], {
    signal: survey.signal,
    timeout: longestWait,
    maxOutput: mostOutput,
  })
  const rdma = rdmaDevices(files)
  const found: NetFeatures = new Map()
  for (const entry of entriesOf(stdout)) {
    await survey.breathe()
    const name = entry.ifname
    if (typeof name !== 'string') continue
    const on = words
      .filter(([, ethtool]) =>
        ethtool === undefined ? rdma.has(deviceOf(files, 'net', name)) : isActive(entry[ethtool]),
      )
      .map(([word]) => word)
    found.set(name, on)
  }
  return found
}

/**
 * What ethtool printed, an array of an object for each interface. They are taken apart one by one, for all at once
 * would keep the event loop for long.
 */
function* entriesOf(json: string): Generator<Record<string, unknown>, void, undefined> {
  const [, ...entries] = json.split('"ifname"')
  for (const entry of entries) yield JSON.parse(`{"ifname"${entry.slice(0, entry.lastIndexOf('}') + 1)}`)
}

const isActive = (feature: unknown): boolean =>
  typeof feature === 'object' && feature !== null && 'active' in feature && feature.active === true

/** The devices that RDMA works with: an interface of the same device has the feature. */
function rdmaDevices(files: HostFiles): ReadonlySet<string> {
  const devices = namesIn(files, '/sys/class/infiniband').map((name) => deviceOf(files, 'infiniband', name))
  return new Set(devices.filter((device) => device !== ''))
}

function deviceOf(files: HostFiles, folder: string, name: string): string {
  return realPath(files, `/sys/class/${folder}/${name}/device`) ?? ''
}
