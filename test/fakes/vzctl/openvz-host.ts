import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend } from '../../../src/index.js'
import { MemoryFiles, type RunCommand } from '../../../src/linux.js'
import { openvz } from '../../../src/openvz.js'
import type { Generation } from './config.js'
import { FakeVzctl, type FakeVzctlOptions } from './fake-vzctl.js'
import { type Link, MemoryNetwork } from './network.js'

/** The config of the container that runs. */
export const webConfig = '# web\n#UUID: 11111111-2222-3333-4444-555555555555\nNAME="web"\nONBOOT="yes"\n'

/**
 * A made-up OpenVZ host: container 101, that runs, and 102, that does not, under a played vzctl; interfaces that its
 * /sys shows as long as they are not in a container.
 */
export class OpenvzHost implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'hostdev-openvz-'))
  readonly files = new MemoryFiles({ '/proc/sys/kernel/random/boot_id': 'a-boot\n' })
  readonly network: MemoryNetwork
  readonly vzctl: FakeVzctl

  private constructor(generation: Generation, options: Partial<FakeVzctlOptions>) {
    this.network = new MemoryNetwork((host) => this.#show(host))
    this.vzctl = new FakeVzctl({ generation, root: this.root, network: this.network, ...options })
  }

  static async make(generation: Generation, options: Partial<FakeVzctlOptions> = {}): Promise<OpenvzHost> {
    const host = new OpenvzHost(generation, options)
    host.vzctl.addContainer('101', webConfig)
    host.vzctl.addContainer('102', 'ONBOOT="no"\nNETDEV="eth5"\n')
    host.vzctl.addContainer('0', 'ONBOOT="no"\n')
    for (const name of ['eth1', 'eth2', 'uplink0', 'bridged']) host.plug(name)
    await host.vzctl.execute(['vzctl', 'start', '101'])
    host.files.set('/run/netns/101', { link: '/proc/4711/ns/net' })
    host.vzctl.calls.length = 0
    return host
  }

  /** Gives the host an interface. */
  plug(name: string, kind: Link['kind'] = 'physical', peer?: string): void {
    const mac = `52:54:00:00:00:${(name.charCodeAt(0) + Number(name.at(-1)) || 9).toString(16).padStart(2, '0')}`
    this.network.host.set(name, { name, mac, kind, ...(peer !== undefined && { peer }) })
    this.#show(this.network.host)
  }

  /** A backend on it; `run` stands before the played commands. */
  async open({ run = this.vzctl.run }: { run?: RunCommand } = {}): Promise<Backend> {
    return await openvz({
      configs: join(this.root, 'etc/vz/conf'),
      files: this.files,
      stateFolder: join(this.root, 'state'),
      run,
    })
  }

  /** Calls that were to change a container. */
  get changes(): string[] {
    return this.vzctl.calls.filter((call) => /^vzctl (set|stop)/.test(call))
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true })
  }

  #show(links: ReadonlyMap<string, Link>): void {
    const shown = this.files.list('/sys/class/net')
    for (const name of Array.isArray(shown) ? shown : [])
      if (!links.has(name)) this.files.delete(`/sys/class/net/${name}`)
    for (const [index, { name, mac }] of [...links.values()].entries()) {
      const at = `/sys/devices/virtual/net/${name}`
      this.files.set(`${at}/address`, `${mac}\n`)
      this.files.set(`${at}/operstate`, 'down\n')
      this.files.set(`${at}/uevent`, `INTERFACE=${name}\nIFINDEX=${index + 1}\n`)
      this.files.set(`${at}/subsystem`, { link: '../../../../class/net' })
      this.files.set(`/sys/class/net/${name}`, { link: `../../devices/virtual/net/${name}` })
    }
  }
}
