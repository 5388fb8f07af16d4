import type { ConfigWord } from '../../formats/container-config.js'
import { vzctlSetWord } from '../../formats/vzctl.js'
import { Book } from '../../manager/book.js'
import type { Change, DeviceRecord, Step } from '../../manager/change.js'
import type { Goal } from '../../manager/goal.js'
import { type HostDevice, hostDevice } from '../../manager/host-device.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import { addressOf, linksInside } from '../../manager/network-namespace.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { describeHostdev } from '../../model/hostdev-match.js'
import { parsePciAddress } from '../../model/pci-address.js'
import type { Container } from './containers.js'

/** A device that a running container is given, or that is taken from it. */
export interface LiveDevice {
  readonly host: ManagedHost
  readonly container: Container
  readonly def: HostdevDef
  readonly word: ConfigWord
  /** Path of the config of the container's run. */
  readonly running: string
  /** Whether the stored config is changed too. */
  readonly config: boolean
}

/** What the book and the locks know a device by. A PCI device has the key that it has for other hypervisors too. */
export function keyOf({ key, word }: ConfigWord): string {
  if (key === 'NETDEV') return `net-${word}`
  if (key === 'PCI') return `pci-${word}`
  // slashes and plus signs stand in no name of a file of the state's folder
  return `node-${word
    .replace(/:[^:]*$/, '')
    .replaceAll('/', ':')
    .replaceAll('+', '@')}`
}

/** Gives a device to a running container: by vzctl, then in the config of its run, then in the stored one. */
export async function attachChange(device: LiveDevice): Promise<Change> {
  const { host, container, word, running, config } = device
  const key = keyOf(word)
  const address = word.key === 'NETDEV' ? addressOf(host, word.word) : undefined
  const isStored = container.config.has(word)
  const steps: Step[] = [
    {
      device: key,
      do: { run: vzctlSetWord(container.name, word, 'attach'), ...goalOf(word, address, container.name) },
      undo: { run: vzctlSetWord(container.name, word, 'detach'), ...goalOf(word, address, null) },
    },
    { device: key, ...edits(word, true, { edit: running }) },
  ]
  if (config && !isStored) steps.push({ device: key, ...edits(word, true, storedOf(container)) })
  return {
    verb: 'attach',
    devices: [{ key, name: describeHostdev(device.def) }],
    steps,
    recovery: 'undo',
    records: await recordsOf(device, address),
  }
}

/** Takes a device from a running container; what was begun is brought to its end, since the host has it then. */
export async function detachChange(device: LiveDevice): Promise<Change> {
  const { host, container, word, running, config } = device
  const key = keyOf(word)
  const inside = word.key === 'NETDEV' ? await linksInside(host, container.name) : undefined
  const address = inside?.find(({ name }) => name === word.word)?.address
  const steps: Step[] = [
    { device: key, do: { run: vzctlSetWord(container.name, word, 'detach'), ...goalOf(word, address, null) } },
    { device: key, ...edits(word, false, { edit: running }) },
  ]
  if (config) steps.push({ device: key, ...edits(word, false, storedOf(container)) })
  return {
    verb: 'unplug',
    devices: [{ key, name: describeHostdev(device.def) }],
    steps,
    recovery: 'finish',
    records: await withoutContainer(device),
  }
}

/** Only of an interface can be seen where it is. */
const goalOf = ({ key, word }: ConfigWord, address: string | undefined, where: string | null): { goal?: Goal } =>
  key === 'NETDEV' ? { goal: { interface: word, ...(address !== undefined && { address }), in: where } } : {}

/** The stored config of a container, and the lock under which it is edited. */
export const storedOf = ({ path, lock }: Container): { edit: string; pidLock?: string } => ({
  edit: path,
  ...(lock !== undefined && { pidLock: lock }),
})

const edits = (
  { key, word }: ConfigWord,
  present: boolean,
  where: { edit: string; pidLock?: string },
): Pick<Step, 'do' | 'undo'> => ({
  do: { ...where, key, word, present },
  ...(present && { undo: { ...where, key, word, present: false } }),
})

/** libvirt's name of the driver, by which the book knows whose guest has a device. */
export const driver = 'OpenVZ'

/** What the book knows of an interface that is away: its MAC as a number, which tells it from another of its name. */
const numberOf = (address: string): number => Number(`0x${address.replaceAll(':', '')}`)

/**
 * What the book is to say of an interface, and of the PCI device that it is a face of, so that nobody gives that away
 * too; of a PCI device itself. They are the container's until the interface is on the host again.
 */
async function recordsOf({ host, container, word }: LiveDevice, address: string | undefined): Promise<DeviceRecord[]> {
  const user = { driver, domain: container.name }
  const pci = pciOf(host, word)
  const until = word.key === 'NETDEV' ? `/sys/class/net/${word.word}` : undefined
  const users = [{ ...user, ...(until !== undefined && { until }) }]
  const known = pci && (await new Book(host).get(pci))
  return [
    ...(word.key === 'NETDEV' && address !== undefined
      ? [{ key: keyOf(word), name: `interface ${word.word}`, inode: numberOf(address), users }]
      : []),
    ...(pci ? [{ ...pci, ...known, users: [...(known?.users ?? []), ...users] }] : []),
  ]
}

async function withoutContainer({ host, container, word }: LiveDevice): Promise<DeviceRecord[]> {
  const book = new Book(host)
  const mine = book
    .all()
    .filter(({ users = [] }) => users.some((user) => user.driver === driver && user.domain === container.name))
  const key = keyOf(word)
  const folder = `/sys/class/net/${word.word}`
  return mine
    .filter((record) => record.key === key || record.users?.some(({ until }) => until === folder))
    .map((record) => ({
      ...record,
      users: (record.users ?? []).filter((user) => user.driver !== driver || user.domain !== container.name),
    }))
}

function pciOf({ files }: ManagedHost, { key, word }: ConfigWord): HostDevice | undefined {
  if (key === 'PCI') return hostDevice(files, 'pci', word, `PCI device ${word}`)
  const real = key === 'NETDEV' ? files.real(`/sys/class/net/${word}`) : ''
  const address =
    typeof real === 'string'
      ? real
          .split('/')
          .reverse()
          .find((step) => parsePciAddress(step))
      : undefined
  return address === undefined ? undefined : hostDevice(files, 'pci', address, `PCI device ${address}`)
}
