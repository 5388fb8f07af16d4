import { turn } from '../async/turn.js'
import type { CallOptions } from '../backend.js'
import { namesIn, textOf } from '../host/plain-files.js'
import { Denied, type HostFiles } from '../os/host-files.js'

/** A process that has a device node open. */
export interface Holder {
  readonly pid: number
  /** Name of the program. */
  readonly program: string
  /** The guest, where it is a QEMU. */
  readonly domain?: string
}

/** How long the event loop may be kept at a stretch, in milliseconds. */
const slice = 5

/**
 * Which processes have which nodes below /dev open, as /proc tells it. Other users' processes are only seen by root;
 * QEMU tells in its own words which guest it is.
 */
export async function readHolders(
  files: HostFiles,
  { signal }: CallOptions = {},
): Promise<ReadonlyMap<string, readonly Holder[]>> {
  const holders = new Map<string, Holder[]>()
  let end = performance.now() + slice
  for (const pid of namesIn(files, '/proc').filter((name) => /^\d+$/.test(name))) {
    if (performance.now() > end) {
      await turn()
      signal?.throwIfAborted()
      end = performance.now() + slice
    }
    for (const node of openNodes(files, pid)) holders.set(node, [...(holders.get(node) ?? []), holderOf(files, pid)])
  }
  return holders
}

function openNodes(files: HostFiles, pid: string): Set<string> {
  const nodes = new Set<string>()
  const descriptors = files.list(`/proc/${pid}/fd`)
  if (descriptors instanceof Denied) return nodes
  for (const descriptor of descriptors) {
    const target = files.link(`/proc/${pid}/fd/${descriptor}`)
    if (!(target instanceof Denied) && target.startsWith('/dev/') && !everybodys.test(target)) nodes.add(target)
  }
  return nodes
}

/** Nodes that are open in nearly every process, and belong to no device. */
const everybodys = /^\/dev\/(null|zero|full|u?random|ptmx|pts\/|tty$|shm\/|kvm$|vfio\/vfio$|net\/tun$)/

function holderOf(files: HostFiles, pid: string): Holder {
  const argv = textOf(files, `/proc/${pid}/cmdline`)?.split('\0') ?? []
  const program = textOf(files, `/proc/${pid}/comm`) ?? argv[0]?.split('/').at(-1) ?? '?'
  const named = argv[argv.indexOf('-name') + 1] ?? ''
  const domain = argv.includes('-name') ? /(?:^|,)(?:guest=)?([^,=]+)(?:,|$)/.exec(named)?.[1] : undefined
  return { pid: Number(pid), program, ...(program.startsWith('qemu') && domain !== undefined && { domain }) }
}
