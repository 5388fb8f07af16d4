import { VirtError } from '../errors.js'

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

/**
 * An interface's name by the kernel's rule, made stricter by what a shell would do with it
 * (net/core/dev.c, `dev_valid_name`).
 */
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

/**
 * The device that udev's link to a node by its numbers means, as vzctl has it: `c:10:229` for `/dev/char/10:229`;
 * `undefined` for another path. Numbers are as wide as the kernel's (12 and 20 bits).
 */
export function deviceNumber(path: string): string | undefined {
  const [, kind, major = '', minor = ''] = /^\/dev\/(char|block)\/(\d{1,4}):(\d{1,7})$/.exec(path) ?? []
  if (kind === undefined || Number(major) > 0xfff || Number(minor) > 0xfffff) return undefined
  return `${kind === 'char' ? 'c' : 'b'}:${Number(major)}:${Number(minor)}`
}

/** Letters for reading, writing and quota, each at most once. */
export function checkPermissions(letters: string): string {
  if (/^r?w?q?$/.test(letters) && letters !== '') return letters
  throw new VirtError(
    'invalid-argument',
    `'${letters.slice(0, 20)}' are no permissions; write letters of rwq, in order`,
  )
}
