import { VirtError } from '../errors.js'
import type { HostdevDef } from '../model/hostdev.js'
import { describeHostdev } from '../model/hostdev-match.js'
import { formatPciAddress } from '../model/pci-address.js'

/** What is changed of a container's devices. */
export interface VzctlChange {
  readonly action: 'attach' | 'detach'
  /** Also in its config, so that it lasts; the running container alone otherwise. */
  readonly save: boolean
  /** What a device may be used for, of storage and misc: letters of `rwq`; `rw` unless told. */
  readonly permissions?: string
}

/**
 * The call of `vzctl set` that gives a container a device of its host, or takes it back (vzctl(8)).
 *
 * Nothing that is not plainly a name passes: both generations of vzctl run the container's config as a shell script
 * when it starts, so that a name with a `$(` in it would be run as root.
 *
 * @throws VirtError `invalid-argument` for a container or a name that cannot be, `config-unsupported` for kinds of
 * device that OpenVZ does not know
 */
export function vzctlSet(container: string, def: HostdevDef, change: VzctlChange): string[] {
  return ['vzctl', 'set', checkContainer(container), ...optionOf(def, change), ...(change.save ? ['--save'] : [])]
}

/** The largest id of a container (vzctl's `parse_int` and its limit). */
const largestId = 2_147_483_644
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/**
 * A container's id, checked: a positive number, or OpenVZ 7's UUID. 0 and the empty text mean the host itself to
 * vzctl, which is never meant.
 */
export function checkContainer(container: string): string {
  const number = /^[1-9]\d{0,9}$/.test(container) ? Number(container) : 0
  if ((number > 0 && number <= largestId) || uuid.test(container)) return container
  throw new VirtError(
    'invalid-argument',
    `${JSON.stringify(container.slice(0, 100))} is no container; write its number, 1 to ${largestId}, or its UUID`,
    { domain: container },
  )
}

/** Beginnings of names that vzctl keeps for itself (src/lib/netdev.c, `check_netdev_name`). */
const reserved = /^(venet|tun|tap|lo)/

/** An interface's name by the kernel's rule, made stricter by what a shell would do with it (net/core/dev.c, `dev_valid_name`). */
export function checkInterface(name: string): string {
  const problem = !/^[A-Za-z0-9._-]{1,15}$/.test(name)
    ? 'is not 1 to 15 letters, digits, full stops, underscores and dashes'
    : name === '.' || name === '..' || name.startsWith('-')
      ? 'cannot be a name'
      : reserved.test(name)
        ? 'begins as interfaces of OpenVZ itself do'
        : undefined
  if (problem === undefined) return name
  throw new VirtError('invalid-argument', `the interface ${JSON.stringify(name.slice(0, 100))} ${problem}; rename it`)
}

/** A device node below /dev, as vzctl wants it: without that folder. */
export function checkDeviceNode(path: string): string {
  const name = path.startsWith('/dev/') ? path.slice(5) : path
  const steps = name.split('/')
  if (/^[A-Za-z0-9][\w./+-]{0,254}$/.test(name) && !steps.some((step) => ['', '.', '..'].includes(step))) return name
  throw new VirtError('invalid-argument', `${JSON.stringify(path.slice(0, 100))} is no device node below /dev`, {
    path,
  })
}

/** Letters for reading, writing and quota, each at most once. */
export function checkPermissions(letters: string): string {
  if (/^r?w?q?$/.test(letters) && letters !== '') return letters
  throw new VirtError(
    'invalid-argument',
    `'${letters.slice(0, 20)}' are no permissions; write letters of rwq, in order`,
  )
}

function optionOf(def: HostdevDef, { action, permissions = 'rw' }: VzctlChange): string[] {
  const verb = action === 'attach' ? 'add' : 'del'
  switch (def.kind) {
    case 'net':
      return [`--netdev_${verb}`, checkInterface(def.source.interface)]
    case 'storage':
    case 'misc': {
      const node = checkDeviceNode(def.kind === 'storage' ? def.source.block : def.source.char)
      return ['--devnodes', `${node}:${action === 'attach' ? checkPermissions(permissions) : 'none'}`]
    }
    case 'pci':
      return [`--pci_${verb}`, formatPciAddress(def.source.address)]
    default:
      throw new VirtError(
        'config-unsupported',
        `OpenVZ has no words for ${describeHostdev(def)}; containers get interfaces, device nodes and PCI devices`,
      )
  }
}
