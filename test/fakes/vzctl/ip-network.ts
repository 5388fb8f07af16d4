import { spawnSync } from 'node:child_process'
import type { Network } from './network.js'

interface Said {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const ip = (...args: string[]): Said => spawnSync('ip', args, { encoding: 'utf8' })

/** Real interfaces in real network namespaces, one a container, by the commands that vzctl's own scripts run. */
export class IpNetwork implements Network {
  async start(container: string): Promise<void> {
    const made = ip('netns', 'add', container)
    if (made.status !== 0) throw new Error(made.stderr)
  }

  async stop(container: string): Promise<void> {
    ip('netns', 'del', container)
  }

  async moveIn(name: string, container: string): Promise<string> {
    // the scripts look for the name with `ip link | grep -w`
    const word = new RegExp(`(?<!\\w)${name.replace(/[^\w]/g, '\\$&')}(?!\\w)`)
    if (!word.test(ip('link', 'show').stdout)) return "vps-netns_dev_add ERROR: Can't move non-existent interface"
    return ip('link', 'set', name, 'netns', container).stderr
  }

  async moveOut(name: string, container: string): Promise<string> {
    return ip('netns', 'exec', container, 'ip', 'link', 'set', name, 'netns', '1').stderr.trimEnd()
  }

  async pair(outside: string, inside: string, container: string): Promise<void> {
    ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', container)
  }

  async inside(container: string): Promise<string | undefined> {
    const { status, stdout } = ip('-json', '-netns', container, 'link', 'show')
    return status === 0 ? stdout : undefined
  }
}
