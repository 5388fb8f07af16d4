import { linesOf, linkName, namesIn, textOf } from '../../host/plain-files.js'
import { type Finding, finding } from '../../model/finding.js'
import type { HostFiles } from '../../os/host-files.js'
import { type Route, routeTo } from './routes.js'

/** What the host does with each of its network interfaces: which are up, have addresses, or carry another interface. */
export function interfaceFindings(files: HostFiles, routes: readonly Route[]): Map<string, Finding[]> {
  const addresses = readAddresses(files, routes)
  return new Map(
    namesIn(files, '/sys/class/net').map((name) => [
      name,
      [
        ...[...uppersOf(files, name)].map((upper) =>
          finding('enslaved', `is part of ${upper} (${name})`, {
            remedy: `take it out of ${upper} first: ip link set ${name} nomaster, or delete the interface on it`,
            interface: name,
            upper,
          }),
        ),
        ...(addresses.get(name) ?? []).map((address) =>
          finding('addresses', `has the host's address ${address} (${name})`, {
            remedy: 'move that to another interface first',
            interface: name,
            address,
          }),
        ),
        ...(isUp(files, name) ? [finding('up', `is up (${name})`, { interface: name })] : []),
      ],
    ]),
  )
}

/**
 * Interfaces that stand on one: its bridge or bond, VLANs, macvlans (net/core/dev.c, `netdev_adjacent_sysfs_add`);
 * kernels before 3.9, as that of OpenVZ 6, show only the first two.
 */
function uppersOf(files: HostFiles, name: string): Set<string> {
  const folder = `/sys/class/net/${name}`
  const links = namesIn(files, folder).filter((each) => each.startsWith('upper_'))
  const masters = [linkName(files, `${folder}/master`), linkName(files, `${folder}/brport/bridge`)]
  return new Set([...links.map((each) => each.slice('upper_'.length)), ...masters.flatMap((each) => each ?? [])])
}

/** IFF_UP is the lowest bit (netdevice(7)). */
const isUp = (files: HostFiles, name: string): boolean =>
  (Number(textOf(files, `/sys/class/net/${name}/flags`) ?? 0) & 1) === 1

/** Addresses by interface, but for those of the loopback and the ones that every interface gives itself. */
function readAddresses(files: HostFiles, routes: readonly Route[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  const add = (name: string, address: string) => found.set(name, [...(found.get(name) ?? []), address])
  for (const address of localAddresses(files)) {
    // the kernel's list does not say where they are; the network of each does
    const route = routeTo(routes, address)
    if (route && route.bits > 0) add(route.interface, address)
  }
  for (const line of linesOf(files, '/proc/net/if_inet6')) {
    const [address = '', , , scope, , name = ''] = line.split(/\s+/)
    const isOfThisLink = scope === '20'
    if (name !== 'lo' && !isOfThisLink) add(name, address.match(/..../g)?.join(':') ?? address)
  }
  return found
}

/** IPv4 addresses of this host (/proc/net/fib_trie: the leaves that are LOCAL). */
function localAddresses(files: HostFiles): string[] {
  const found = new Set<string>()
  let leaf = ''
  for (const line of linesOf(files, '/proc/net/fib_trie')) {
    leaf = /\|-- (\d+\.\d+\.\d+\.\d+)$/.exec(line)?.[1] ?? leaf
    if (line.endsWith('/32 host LOCAL') && !leaf.startsWith('127.')) found.add(leaf)
  }
  return [...found]
}
