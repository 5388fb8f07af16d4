import { Batch } from '../../async/batch.js'
import { VirtError } from '../../errors.js'
import { listFolder } from '../../os/config-file.js'
import { type FolderWatch, watchFolder } from '../../os/folder-watch.js'
import { type ByteStream, connectUnix } from '../../os/socket.js'
import type { QmpClient } from '../../wire/qmp/client.js'
import { openMonitor } from '../../wire/qmp/open.js'
import { namedDevices, type QomDevice } from './qom.js'

/** Where the monitors are: QMP sockets by the names of their guests, or a folder in which each socket is a guest's. */
export type MonitorPlaces = string | Readonly<Record<string, string>>

/** A connection that several calls share. */
interface Shared {
  readonly client: Promise<QmpClient>
  users: number
}

/** Endings of a socket's name that are no part of the guest's. */
const endings = /\.(sock|socket|qmp|monitor|mon)$/

const trimmed = (path: string): string => path.replace(/(?<=.)\/+$/, '')
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

/**
 * The monitors of guests. A monitor serves one client at a time, so a connection is held for as long as calls use it,
 * and no longer: other processes have their turn in between.
 */
export class Monitors implements AsyncDisposable {
  readonly #places: MonitorPlaces
  readonly #dial: (path: string) => Promise<ByteStream>
  readonly #shared = new Map<string, Shared>()
  readonly #named = new Batch<string, readonly QomDevice[]>()

  constructor(places: MonitorPlaces, dial: (path: string) => Promise<ByteStream> = connectUnix) {
    this.#places = places
    this.#dial = dial
  }

  /** Whether guests that do not run are known too, since they are named. */
  get areNamed(): boolean {
    return typeof this.#places !== 'string'
  }

  /** Paths of the sockets by name, as they are now. @throws VirtError `no-connection` when the folder is not there */
  async paths(): Promise<ReadonlyMap<string, string>> {
    const places = this.#places
    if (typeof places !== 'string') return new Map(Object.entries(places))
    const folder = trimmed(places)
    try {
      const names = (await listFolder(folder)).filter((name) => !name.startsWith('.'))
      return new Map(names.sort().map((name) => [name.replace(endings, ''), `${folder}/${name}`]))
    } catch (error) {
      if (!VirtError.is(error) || error.details.errno !== 'ENOTDIR') throw error
      // a single socket
      const name = folder.slice(folder.lastIndexOf('/') + 1)
      return new Map([[name.replace(endings, ''), folder]])
    }
  }

  /** Tells of sockets that come and go; `undefined` where they cannot all be watched. */
  async watch(onChange: () => void): Promise<FolderWatch | undefined> {
    const paths = [...(await this.paths()).values()]
    const places = this.#places
    const folder = typeof places === 'string' && !paths.includes(trimmed(places)) ? trimmed(places) : undefined
    const folders = new Set(folder === undefined ? paths.map(folderOf) : [folder])
    const watches = Array.from(folders, (each) =>
      watchFolder(each, (name) => {
        if (name === null || each === folder || paths.includes(`${each === '/' ? '' : each}/${name}`)) onChange()
      }),
    )
    const stop = () => {
      for (const each of watches) each?.stop()
    }
    if (watches.every((each) => each)) return { stop }
    stop()
    return undefined
  }

  /** Talks to the QEMU behind a socket; calls at the same time share one connection. */
  async use<T>(path: string, work: (qemu: QmpClient) => Promise<T>): Promise<T> {
    const shared = this.#share(path)
    shared.users++
    try {
      return await work(await shared.client)
    } finally {
      if (--shared.users === 0) await this.#close(path, shared)
    }
  }

  /** The devices of a guest that were given an id; asked once for those that ask together. */
  async namedDevices(path: string): Promise<readonly QomDevice[]> {
    return await this.#named.get(path, () => this.use(path, namedDevices))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#shared, ([path, shared]) => this.#close(path, shared)))
  }

  #share(path: string): Shared {
    const there = this.#shared.get(path)
    if (there) return there
    const client = this.#dial(path).then(openMonitor)
    const shared: Shared = { client, users: 0 }
    this.#shared.set(path, shared)
    // the next call connects anew; whoever uses this one hears of its end by itself
    const forget = () => this.#forget(path, shared)
    client.then((qemu) => void qemu.closed.then(forget), forget)
    return shared
  }

  #forget(path: string, shared: Shared): void {
    if (this.#shared.get(path) === shared) this.#shared.delete(path)
  }

  async #close(path: string, shared: Shared): Promise<void> {
    this.#forget(path, shared)
    await shared.client.then(
      (qemu) => qemu.close(),
      // who asked for it was told that it could not be had
      () => undefined,
    )
  }
}
