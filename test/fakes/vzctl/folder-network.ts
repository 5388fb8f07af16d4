import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Network } from './network.js'

/**
 * Made-up interfaces that are folders of a host's /sys, and of namespaces: they outlive the process that moves them.
 */
export class FolderNetwork implements Network {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  async start(container: string): Promise<void> {
    mkdirSync(this.#namespace(container), { recursive: true })
  }

  async stop(container: string): Promise<void> {
    for (const name of readdirSync(this.#namespace(container))) await this.moveOut(name, container)
    rmSync(this.#namespace(container), { recursive: true })
  }

  async moveIn(name: string, container: string): Promise<string> {
    const at = join(this.#root, 'sys/class/net', name)
    if (!existsSync(at)) return "vps-netns_dev_add ERROR: Can't move non-existent interface"
    renameSync(at, join(this.#namespace(container), name))
    return ''
  }

  async moveOut(name: string, container: string): Promise<string> {
    const at = join(this.#namespace(container), name)
    if (!existsSync(at)) return `Cannot find device "${name}"`
    renameSync(at, join(this.#root, 'sys/class/net', name))
    return ''
  }

  async pair(): Promise<void> {
    throw new Error('no pairs of interfaces are made here')
  }

  async inside(container: string): Promise<string | undefined> {
    const at = this.#namespace(container)
    if (!existsSync(at)) return undefined
    const address = (name: string) => readFileSync(join(at, name, 'address'), 'utf8').trim()
    return JSON.stringify(readdirSync(at).map((name) => ({ ifname: name, address: address(name) })))
  }

  #namespace(container: string): string {
    return join(this.#root, 'run/netns', container)
  }
}
