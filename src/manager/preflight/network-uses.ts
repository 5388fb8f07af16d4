import { linesOf, namesIn, realPath, textOf } from '../../host/plain-files.js'
import { type Finding, finding } from '../../model/finding.js'
import type { HostFiles } from '../../os/host-files.js'
import type { HostUse } from './host-use.js'
import { interfaceFindings } from './interface-findings.js'
import { isDefault, type Route, readRoutes, routeTo } from './routes.js'

/**
 * Network interfaces that the host would miss: those of its default route, that of this very session, those that have
 * addresses or are part of a bridge or bond; and which are up.
 */
export function networkUses(files: HostFiles): HostUse[] {
  const routes = readRoutes(files)
  const uses = new Map<string, Finding[]>()
  const add = (name: string, ...found: Finding[]) => uses.set(name, [...(uses.get(name) ?? []), ...found])

  for (const name of new Set(routes.filter(isDefault).map((route) => route.interface)))
    add(
      name,
      finding('default-route', `carries the host's default route (${name})`, {
        remedy: 'route over another interface first',
        interface: name,
      }),
    )
  const session = sshServerAddress(files)
  const name = session && interfaceOf(files, routes, session)
  if (session && name)
    add(
      name,
      finding('ssh-session', `carries the SSH connection of this session (${session} on ${name})`, {
        remedy: 'log in over another interface, or at the console',
        interface: name,
        address: session,
      }),
    )
  for (const [name, findings] of interfaceFindings(files, routes)) add(name, ...findings)
  return [...uses].flatMap(([upper, findings]) =>
    lowest(files, upper).flatMap((path) => findings.map((each) => ({ path, finding: each }))),
  )
}

/** Folders of /sys/devices that have a network interface somewhere below. */
export function foldersAboveInterfaces(files: HostFiles): Set<string> {
  const folders = new Set<string>()
  for (const name of namesIn(files, '/sys/class/net')) {
    const steps = realPath(files, `/sys/class/net/${name}`)?.split('/') ?? []
    while (steps.pop() !== undefined) folders.add(steps.join('/'))
  }
  return folders
}

/** The interface that has an address of this host's: the one whose network it is in. */
function interfaceOf(files: HostFiles, routes: readonly Route[], address: string): string | undefined {
  const four = address.replace(/^::ffff:/i, '')
  if (!four.includes(':')) {
    return routeTo(routes, four)?.interface
  }
  const wanted = expandIpv6(address)
  return linesOf(files, '/proc/net/if_inet6')
    .map((line) => line.split(/\s+/))
    .find(([has]) => has === wanted)
    ?.at(-1)
}

/**
 * The address of this host that the user has logged in to, where that was by SSH. `sudo` drops the variable, so the
 * processes above this one are asked too, as far as they may be.
 */
function sshServerAddress(files: HostFiles): string | undefined {
  let pid = 'self'
  for (let generation = 0; generation < 32; generation++) {
    const [, , address] =
      /(?:^|\0)SSH_CONNECTION=(\S+) \d+ (\S+) \d+/.exec(linesOf(files, `/proc/${pid}/environ`).join('\n')) ?? []
    if (address !== undefined) return address
    // the name may hold blanks and parentheses; the parent is the second field after its end (proc(5))
    const parent = textOf(files, `/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ')[1]
    if (parent === undefined || parent === '0' || parent === '1') return undefined
    pid = parent
  }
  return undefined
}

/** Folders of the interfaces that an interface stands on: those of a bond, a bridge, a VLAN; its own, else. */
function lowest(files: HostFiles, name: string, above: readonly string[] = []): string[] {
  const path = realPath(files, `/sys/class/net/${name}`)
  if (path === undefined || above.includes(name)) return []
  const lower = namesIn(files, path).filter((each) => each.startsWith('lower_'))
  if (lower.length === 0) return [path]
  return lower.flatMap((link) => lowest(files, link.slice('lower_'.length), [...above, name]))
}

/** An IPv6 address in the 32 digits of /proc/net/if_inet6. */
function expandIpv6(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? []
  const groups = (text: string | undefined) => (text ? text.split(':') : [])
  const [before, after] = [groups(head), groups(tail)]
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0')
  return [...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join('')
}
