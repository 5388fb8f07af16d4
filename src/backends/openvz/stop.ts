import type { CallOptions, Warning } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { vzctlSetWord } from '../../formats/vzctl.js'
import { exists, namesIn } from '../../host/plain-files.js'
import { Book } from '../../manager/book.js'
import type { Step } from '../../manager/change.js'
import { DeviceLocks } from '../../manager/device-locks.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import { addressOf, linksInside } from '../../manager/network-namespace.js'
import { runChange } from '../../manager/run-change.js'
import { driver } from './live-change.js'
import type { OpenvzParts } from './openvz-parts.js'
import { runOf } from './running-config.js'

/**
 * Stops a container, and has its interfaces back before: with the container's namespace the kernel ends a veth and its
 * other end, a dummy, a VLAN, and gives back hardware alone. Each is looked for on the host, by name and MAC, before
 * the container is stopped; when it then does not stop, it gets them again. Its config stays as it is, so that it has
 * them when it is started next. Answers to `virDomainShutdown`.
 *
 * @throws VirtError `no-domain`, `operation-invalid` when it does not run, `operation-failed` when an interface does
 * not come back or the container does not stop
 */
export async function stopContainer(
  { containers, running, host }: OpenvzParts,
  name: string,
  { signal }: CallOptions = {},
): Promise<void> {
  const container = await containers.need(name, signal)
  if (container.state !== 'running')
    throw new VirtError('operation-invalid', `container ${container.name} is not running`, { domain: container.name })
  const given = running.read(container).words('NETDEV')
  const links = (await linksInside(host, container.name)) ?? given.map((each) => ({ name: each, address: undefined }))
  const own = links.filter((link) => given.includes(link.name))

  const key = `openvz-${container.name}`
  const keys = own.map((link) => ({ key: `net-${link.name}`, name: `interface ${link.name}` }))
  const devices = [...keys, { key, name: `container ${container.name}` }]
  using locks = await DeviceLocks.take(host.state, devices, `stop of container ${container.name}`)
  const steps = own.map(({ name: each, address }): Step => {
    const goal = { interface: each, ...(address !== undefined && { address }) }
    const word = { key: 'NETDEV', word: each }
    return {
      device: `net-${each}`,
      do: { run: vzctlSetWord(container.name, word, 'detach'), goal: { ...goal, in: null } },
      undo: { run: vzctlSetWord(container.name, word, 'attach'), goal: { ...goal, in: container.name } },
    }
  })
  const stop: Step = { device: key, do: { run: ['vzctl', 'stop', container.name] } }
  const mine = new Book(host).all().filter((record) => record.users?.some(isOf(container.name)))
  const records = mine.map((record) => ({
    ...record,
    users: (record.users ?? []).filter((each) => !isOf(container.name)(each)),
  }))
  await runChange(
    host,
    { verb: 'unplug', devices, steps: [...steps, stop], recovery: 'finish', records },
    locks,
    signal ? { signal } : {},
  )

  const after = await containers.find(container.name, signal)
  if (after?.state === 'running')
    throw new VirtError('operation-failed', `container ${container.name}: vzctl said yes, but it still runs`, {
      domain: container.name,
    })
}

const isOf =
  (container: string) =>
  (user: { readonly driver: string; readonly domain: string }): boolean =>
    user.driver === driver && user.domain === container

/**
 * Interfaces that a container has been given and that did not come back when it stopped, by whoever it was
 * stopped: gone for good, or back under another name. What is in order again is struck out of the book
 * when it is next looked up.
 */
export function lostInterfaces(host: Pick<ManagedHost, 'files' | 'state'>): Warning[] {
  return new Book(host).all().flatMap(({ key, inode, users = [] }): Warning[] => {
    const name = /^net-(.+)$/.exec(key)?.[1]
    const user = users.find((each) => each.driver === driver)
    if (name === undefined || !user || runOf(host.files, user.domain) !== undefined) return []
    const address = inode.toString(16).padStart(12, '0').match(/../g)?.join(':') ?? ''
    const at = `/sys/class/net/${name}`
    if (exists(host.files, at) && addressOf(host, name) === address) return []
    const other = namesIn(host.files, '/sys/class/net').find((each) => addressOf(host, each) === address)
    const what = other ? `came back as ${other}; rename it` : 'has not come back; it ended with the container'
    return [{ path: at, problem: `the interface ${name} (${address}) of container ${user.domain} ${what}` }]
  })
}
