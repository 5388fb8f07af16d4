import type { Generation, Settings } from './config.js'
import { hostNodes } from './devices.js'
import {
  type Allowed,
  changeAllowed,
  changeWords,
  isReserved,
  parseNode,
  parseNumber,
  parsePci,
  wordsOf,
} from './lists.js'
import type { Refusal } from './options.js'

/** What `vzctl set` is to do, its values looked at. */
export interface SetChanges {
  readonly netdev: { readonly add: string[]; readonly del: string[] }
  readonly netif: { readonly add: Netif[]; readonly del: string[] }
  readonly pci: { readonly add: string[]; readonly del: string[] }
  readonly nodes: Allowed[]
  readonly numbers: Allowed[]
  name?: string
}

/** The pair of interfaces that a container is made, one end of which is inside. */
export interface Netif {
  readonly ifname: string
  readonly bridge?: string
  readonly mac: string
  readonly hostName: string
  readonly hostMac: string
}

/** What of the host a value is checked against. */
export interface SetHost {
  readonly generation: Generation
  readonly container: string
  readonly pci: readonly string[]
  /** The six bytes of an address, as it makes them up. */
  mac(): string
}

/** Looks at the values of a call, in order, as the program does before it looks at anything else. */
export function checkChanges(
  { generation, container, pci, mac }: SetHost,
  asked: readonly { readonly option: string; readonly value: string }[],
): SetChanges | Refusal {
  const changes: SetChanges = {
    netdev: { add: [], del: [] },
    netif: { add: [], del: [] },
    pci: { add: [], del: [] },
    nodes: [],
    numbers: [],
  }
  for (const { option, value } of asked) {
    const bad = (why = '', status = 21): Refusal => ({
      status,
      stderr: `${why}${why && '\n'}Bad parameter for --${option}: ${value}`,
    })
    const side = option.endsWith('_del') ? 'del' : 'add'
    switch (option) {
      case 'netdev_add':
      case 'netdev_del': {
        const words = wordsOf(generation, value)
        if (words.some(isReserved)) return bad()
        changes.netdev[side].push(...words)
        break
      }
      case 'pci_add':
      case 'pci_del':
        for (const word of wordsOf(generation, value)) {
          const address = parsePci(word)
          if (address === undefined) return bad(generation === 9 ? `Incorrect pci device syntax: ${word}` : '')
          if (generation === 9 && side === 'add' && !pci.includes(address))
            return bad(`Incorrect PCI device: device '${address}' not found`)
          changes.pci[side].push(address)
        }
        break
      case 'devnodes':
        for (const word of generation === 4 ? value.split(/ +/).filter(Boolean) : wordsOf(9, value)) {
          const node = parseNode(generation, word)
          if (!node) return bad()
          const why = nodeProblem(node.name)
          if (why !== undefined) return bad(why, generation === 4 ? 21 : 86)
          changes.nodes.push(node)
        }
        break
      case 'devices':
        for (const word of wordsOf(generation, value)) {
          const number = parseNumber(generation, word)
          if (!number) return bad()
          changes.numbers.push(number)
        }
        break
      case 'netif_add': {
        const [ifname = '', own, hostName, hostMac, bridge] = value.split(',')
        if (generation === 9 && own !== undefined) return bad()
        changes.netif.add.push({
          ifname,
          ...(bridge && { bridge }),
          mac: own ?? mac(),
          hostName: hostName ?? (generation === 4 ? `veth${container}.0` : 'veth72f81438'),
          hostMac: hostMac ?? mac(),
        })
        break
      }
      case 'netif_del':
        changes.netif.del.push(value)
        break
      case 'capability':
        if (generation === 4 && !/^(chown|setuid|net_admin|sys_time|ve_admin):(on|off)$/.test(value))
          return bad(`Capability ${value.replace(/:.*$/, '')} is unknown`)
        break
      case 'name':
        changes.name = value
        break
    }
  }
  return changes
}

function nodeProblem(name: string): string | undefined {
  const path = name.replace(/^\.\.\/dev\//, '')
  if (!Object.hasOwn(hostNodes, path)) return `Incorrect device name /dev/${name}: No such file or directory`
  return hostNodes[path] === undefined ? `The /dev/${name} is not block or character device` : undefined
}

/** The lists that a config has, and what of it is wrong. */
export interface Lists {
  readonly netdev: readonly string[]
  readonly pci: readonly string[]
  readonly nodes: readonly Allowed[]
  readonly numbers: readonly Allowed[]
  readonly netif: readonly string[]
  readonly warnings: readonly string[]
  /** For which 9 refuses every change. */
  readonly refusal?: Refusal
}

/** Reads the lists of a config: at a bad word 4 stops, with a warning, and 9 refuses the whole. */
export function readLists(
  { generation, pci }: Pick<SetHost, 'generation' | 'pci'>,
  { values, lines, warnings }: Settings,
  path: string,
): Lists {
  const words = (key: string) => wordsOf(generation, values.get(key) ?? '')
  const netdev = words('NETDEV')
  const bad = netdev.findIndex(isReserved)
  const gone = words('PCI').find((address) => !pci.includes(address))
  const invalid = (key: string, why = ''): Refusal => ({
    status: 21,
    stderr: `${why}Invalid parameter ${key}: '${values.get(key)}'`,
  })
  const refusal =
    generation === 4
      ? undefined
      : bad >= 0
        ? invalid('NETDEV')
        : gone && invalid('PCI', `Incorrect PCI device: device '${gone}' not found\n`)
  const skipped = `Warning at ${path}:${lines.get('NETDEV')}: invalid value for NETDEV ("${netdev.slice(0, 1)}"), skipped`
  const entries = (key: string, parse: typeof parseNode) => words(key).flatMap((word) => parse(generation, word) ?? [])
  return {
    netdev: bad < 0 ? netdev : netdev.slice(0, bad),
    pci: words('PCI'),
    nodes: entries('DEVNODES', parseNode),
    numbers: entries('DEVICES', parseNumber),
    netif: (values.get('NETIF') ?? '').split(';').filter(Boolean),
    warnings: bad >= 0 && generation === 4 ? [...warnings, skipped] : warnings,
    ...(refusal && { refusal }),
  }
}

/** Longest list of devices that 4.11 has a buffer for; with a longer one it crashes. */
const longestList = 512

/** The settings that a change writes; `undefined` when the program crashes over it. */
export function changedSettings(
  generation: Generation,
  before: Lists,
  changes: SetChanges,
): Map<string, string> | undefined {
  const written = new Map<string, string>()
  const { netdev, pci, netif, nodes, numbers, name } = changes
  if (netdev.add.length + netdev.del.length > 0)
    written.set('NETDEV', changeWords(generation, before.netdev, netdev.add, netdev.del).join(' '))
  if (pci.add.length + pci.del.length > 0)
    written.set('PCI', changeWords(generation, before.pci, pci.add, pci.del).join(' '))
  if (nodes.length + numbers.length > 0) {
    const hadAny = before.nodes.length + before.numbers.length > 0
    const nodeText = changeAllowed(before.nodes, nodes, generation)
    const replaced = generation === 9 && numbers.length > 0
    const numberText = changeAllowed(replaced ? [] : before.numbers, numbers, generation)
    if (generation === 4 && nodeText.length + numberText.length > longestList) return undefined
    const all = hadAny || generation === 9
    if (nodes.length > 0) written.set('DEVNODES', nodeText)
    if (numbers.length > 0 || all) written.set('DEVICES', numberText)
    if (all && nodes.length === 0) written.set('DEVNODES', nodeText)
  }
  if (netif.add.length + netif.del.length > 0) {
    const kept = before.netif.filter((entry) => !netif.del.some((each) => entry.split(',').includes(`ifname=${each}`)))
    written.set('NETIF', [...kept, ...netif.add.map((each) => netifText(generation, each))].join(';'))
  }
  if (name !== undefined) written.set('NAME', name)
  return written
}

function netifText(generation: Generation, { ifname, bridge, mac, hostName, hostMac }: Netif): string {
  const ends = [`host_ifname=${hostName}`, `host_mac=${hostMac}`]
  const own = [`ifname=${ifname}`, ...(bridge === undefined ? [] : [`bridge=${bridge}`]), `mac=${mac}`]
  return [...own, ...(generation === 4 ? ends : ends.reverse())].join(',')
}
