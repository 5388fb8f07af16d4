import { connect } from '../../src/api/connect.js'
import type { Connection } from '../../src/api/connection.js'
import { type XenOptions, xen } from '../../src/backends/xen/xen.js'
import type { MemoryFile } from '../../src/os/host-files-memory.js'
import { FakeHost } from './managed-host.js'
import { PlayedDom0 } from './xen-dom0.js'
import { storeTree } from './xen-tree.js'
import { PlayedXl } from './xen-xl.js'

/** A Xen host of which all but xenstored is played: dom0 with its guests, its Linux, and its xl. */
export class PlayedXenHost implements AsyncDisposable {
  readonly linux: FakeHost
  readonly xl: PlayedXl

  private constructor(
    readonly socketPath: string,
    readonly dom0: PlayedDom0,
    more: readonly (readonly [string, MemoryFile])[],
  ) {
    this.linux = new FakeHost(more)
    this.xl = new PlayedXl(dom0.store, this.linux.kernel, dom0.run)
  }

  static async on(socketPath: string, more: readonly (readonly [string, MemoryFile])[] = []): Promise<PlayedXenHost> {
    return new PlayedXenHost(socketPath, await PlayedDom0.on(socketPath), more)
  }

  /** What a backend of this host is made of. */
  get options(): XenOptions {
    const { files, kernel: writes, stateFolder } = this.linux
    return { store: this.socketPath, configs: this.dom0.configs, run: this.xl.run, files, writes, stateFolder }
  }

  async open(options: XenOptions = {}): Promise<Connection> {
    return await connect(xen({ ...this.options, ...options }))
  }

  /** All that xenstore holds. */
  readonly tree = () => storeTree(this.dom0.store)

  /** What is kept of the host but locks. */
  readonly recorded = () => this.linux.managed.state.names().filter((name) => !name.startsWith('lock-'))

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dom0[Symbol.asyncDispose]()
    this.linux[Symbol.dispose]()
  }
}
