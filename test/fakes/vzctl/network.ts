/** An interface as `ip link` shows it. */
export interface Link {
  readonly name: string
  readonly mac: string
  readonly kind: 'veth' | 'dummy' | 'physical'
  /** The other end of a veth pair. */
  peer?: string
}

/**
 * The network of a host and of its containers, as vzctl's scripts change it by `ip`. What they
 * say is on standard error.
 */
export interface Network {
  /** Makes a container's namespace. */
  start(container: string): Promise<void>
  /** Ends it: what the kernel does not give back is gone. */
  stop(container: string): Promise<void>
  /** `vps-netns_dev_add`. */
  moveIn(name: string, container: string): Promise<string>
  /** `vps-netns_dev_del`. */
  moveOut(name: string, container: string): Promise<string>
  /** Makes the pair of a NETIF, one end of which is inside. */
  pair(outside: string, inside: string, container: string): Promise<void>
  /** `ip -json -netns CONTAINER link show`; `undefined` when there is no such namespace. */
  inside(container: string): Promise<string | undefined>
}

/** Words of `ip link` that the scripts take for a name, since they look for it with `grep -w`. */
const wordsOfIp = ['mtu', 'qdisc', 'state', 'mode', 'group', 'default', 'qlen', 'link', 'ether', 'brd']

/** Interfaces that are only made up. */
export class MemoryNetwork implements Network {
  readonly host = new Map<string, Link>()
  readonly containers = new Map<string, Map<string, Link>>()
  readonly #changed: (host: ReadonlyMap<string, Link>) => void

  /** @param changed - told after each change what the host has then */
  constructor(changed: (host: ReadonlyMap<string, Link>) => void = () => {}) {
    this.#changed = changed
  }

  async start(container: string): Promise<void> {
    this.containers.set(container, new Map())
  }

  async stop(container: string): Promise<void> {
    for (const link of this.containers.get(container)?.values() ?? [])
      if (link.kind === 'physical') this.host.set(link.name, link)
      else if (link.peer !== undefined) this.host.delete(link.peer)
    this.containers.delete(container)
    this.#changed(this.host)
  }

  async moveIn(name: string, container: string): Promise<string> {
    const link = this.host.get(name)
    if (link === undefined && wordsOfIp.includes(name))
      return `Error: argument "netns" is wrong: Invalid "${name}" value\n`
    if (link === undefined) return "vps-netns_dev_add ERROR: Can't move non-existent interface"
    this.host.delete(name)
    this.containers.get(container)?.set(name, link)
    this.#changed(this.host)
    return ''
  }

  async moveOut(name: string, container: string): Promise<string> {
    if (!/^[^\s/]{1,15}$/.test(name)) return `Error: argument "${name}" is wrong: "dev" not a valid ifname`
    const inside = this.containers.get(container)
    const link = inside?.get(name)
    if (link === undefined) return `Cannot find device "${name}"`
    inside?.delete(name)
    this.host.set(name, link)
    this.#changed(this.host)
    return ''
  }

  async pair(outside: string, inside: string, container: string): Promise<void> {
    this.host.set(outside, { name: outside, mac: '00:18:51:00:00:01', kind: 'veth', peer: inside })
    this.containers.get(container)?.set(inside, {
      name: inside,
      mac: '00:18:51:00:00:02',
      kind: 'veth',
      peer: outside,
    })
    this.#changed(this.host)
  }

  async inside(container: string): Promise<string | undefined> {
    const links = this.containers.get(container)
    return links && JSON.stringify([...links.values()].map(({ name, mac }) => ({ ifname: name, address: mac })))
  }
}
