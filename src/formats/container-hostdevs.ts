import { VirtError } from '../errors.js'
import type { HostdevDef } from '../model/hostdev.js'
import { describeHostdev } from '../model/hostdev-match.js'
import { formatPciAddress, parsePciAddress } from '../model/pci-address.js'
import { type ConfigWord, type ContainerConfig, fieldsOf } from './container-config.js'
import { checkDeviceNode, checkInterface, checkPermissions, deviceNumber } from './vzctl-names.js'

/**
 * The host devices that a container's config gives it; what it says that is no device is not among them. A device that
 * is given by its numbers (DEVICES) is called as udev links to it: `/dev/char/10:229`. Of a pair of interfaces that
 * OpenVZ makes for the container (NETIF), the end that stays on the host is named.
 */
export function containerHostdevs(config: ContainerConfig): HostdevDef[] {
  return [
    ...config.words('NETDEV').map(net),
    ...config.words('NETIF').flatMap((word) => {
      const host = fieldsOf(word).get('host_ifname')
      return host ? [net(host)] : []
    }),
    ...config.words('DEVNODES').flatMap(nodeOf),
    ...config.words('DEVICES').flatMap(numberOf),
    ...config.words('PCI').flatMap((word): HostdevDef[] => {
      const address = parsePciAddress(word)
      return address ? [{ kind: 'pci', managed: false, source: { address } }] : []
    }),
  ]
}

/**
 * The word by which a config gives a container a device.
 *
 * @param permissions - what it may do to a device node: letters of `rwq`
 * @throws VirtError `invalid-argument` for names that cannot be; `config-unsupported` for kinds of device that OpenVZ
 * does not know
 */
export function configWord(def: HostdevDef, permissions = 'rw'): ConfigWord {
  switch (def.kind) {
    case 'net':
      return { key: 'NETDEV', word: checkInterface(def.source.interface) }
    case 'storage':
      return nodeWord(def.source.block, permissions)
    case 'misc':
      return nodeWord(def.source.char, permissions)
    case 'pci':
      return { key: 'PCI', word: formatPciAddress(def.source.address) }
    default:
      throw new VirtError(
        'config-unsupported',
        `OpenVZ has no words for ${describeHostdev(def)}; containers get interfaces, device nodes and PCI devices`,
      )
  }
}

/**
 * The word by which a config has a device now, if it has it; of an interface that OpenVZ made for the container, the
 * whole entry.
 */
export function wordInConfig(config: ContainerConfig, def: HostdevDef): ConfigWord | undefined {
  if (def.kind === 'net') {
    const entry = config.words('NETIF').find((each) => fieldsOf(each).get('host_ifname') === def.source.interface)
    if (entry !== undefined) return { key: 'NETIF', word: entry }
  }
  const word = configWord(def)
  return config.has(word) ? word : undefined
}

const net = (name: string): HostdevDef => ({ kind: 'net', source: { interface: name } })

/** Disks are block devices; what else is below /dev a container sees as a character device. */
const isDisk = (name: string): boolean => /^(sd|vd|xvd|hd|nvme|dm-|md|loop|sr|ploop|mapper\/)/.test(name)

function nodeOf(word: string): HostdevDef[] {
  const name = word.replace(/:[^:]*$/, '')
  if (name === '' || word.endsWith(':none')) return []
  return [
    isDisk(name)
      ? { kind: 'storage', source: { block: `/dev/${name}` } }
      : { kind: 'misc', source: { char: `/dev/${name}` } },
  ]
}

/** `c:10:229:rw`; all devices of a major number are no device. */
function numberOf(word: string): HostdevDef[] {
  const [, type, numbers, letters] = /^([bc]):(\d+:\d+):([^:]*)$/.exec(word) ?? []
  if (letters === undefined || letters === 'none') return []
  return [
    type === 'b'
      ? { kind: 'storage', source: { block: `/dev/block/${numbers}` } }
      : { kind: 'misc', source: { char: `/dev/char/${numbers}` } },
  ]
}

function nodeWord(path: string, permissions: string): ConfigWord {
  const letters = checkPermissions(permissions)
  const number = deviceNumber(path)
  return number === undefined
    ? { key: 'DEVNODES', word: `${checkDeviceNode(path)}:${letters}` }
    : { key: 'DEVICES', word: `${number}:${letters}` }
}
