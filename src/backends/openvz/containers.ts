import type { DomainInfo, DomainState } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { ContainerConfig } from '../../formats/container-config.js'
import { checkContainer } from '../../formats/vzctl-names.js'
import type { RunCommand } from '../../os/command.js'
import { listFolder, readConfig } from '../../os/config-file.js'

/**
 * What OpenVZ says of a container (vzlist(8)), in libvirt's words: its driver takes all but running for shut off; what
 * OpenVZ calls suspended is on disk and does not run.
 */
const states: Readonly<Record<string, DomainState>> = {
  running: 'running',
  paused: 'paused',
  stopped: 'shutoff',
  mounted: 'shutoff',
  suspended: 'shutoff',
}

/** A container as its config file and OpenVZ have it. */
export interface Container extends DomainInfo {
  readonly config: ContainerConfig
  /** Path of its config. */
  readonly path: string
  /** The lock file by which vzctl's calls about it keep off each other. */
  readonly lock?: string
}

/** Containers of this host: their config files are the truth, and vzctl says which of them run. */
export class Containers {
  readonly #folder: string
  readonly #run: RunCommand

  constructor(folder: string, run: RunCommand) {
    this.#folder = folder
    this.#run = run
  }

  /** All of them. @throws VirtError `no-connection` when there is no folder of configs */
  async list(signal?: AbortSignal): Promise<Container[]> {
    const ids = (await listFolder(this.#folder)).flatMap((file) => idOf(file) ?? [])
    const states = await this.#states(ids, signal)
    return ids.flatMap((id) => this.#container(id, states) ?? [])
  }

  /** By number or UUID, or by the name that the config gives. */
  async find(wanted: string, signal?: AbortSignal): Promise<Container | undefined> {
    const ids = (await listFolder(this.#folder)).flatMap((file) => idOf(file) ?? [])
    const all = ids.flatMap((id) => this.#container(id, undefined) ?? [])
    const { name: id } = all.find(({ name }) => name === wanted) ??
      all.find(({ uuid }) => uuid?.toLowerCase() === wanted.toLowerCase()) ??
      all.find(({ config }) => config.get('NAME') === wanted) ?? { name: undefined }
    return id === undefined ? undefined : this.#container(id, await this.#states([id], signal))
  }

  /** The same; one that is not there is an error. @throws VirtError `no-domain` */
  async need(wanted: string, signal?: AbortSignal): Promise<Container> {
    const container = await this.find(wanted, signal)
    if (container) return container
    throw new VirtError('no-domain', `there is no container ${JSON.stringify(wanted.slice(0, 100))}`, {
      domain: wanted.slice(0, 100),
    })
  }

  #container(id: string, states: ReadonlyMap<string, DomainState> | undefined): Container | undefined {
    const path = `${this.#folder}/${checkContainer(id)}.conf`
    const text = readConfig(path)
    if (text === undefined) return undefined
    const config = new ContainerConfig(text)
    // libvirt's driver keeps a container's UUID in a comment, OpenVZ 7 in a setting
    const uuid = config.get('UUID') ?? /^#UUID:\s*([\da-fA-F-]{36})\s*$/m.exec(text)?.[1]
    // where there is no vzctl nobody knows
    const state = states ? (states.get(id) ?? 'shutoff') : 'nostate'
    const locks = this.#locks()
    return {
      name: id,
      ...(uuid !== undefined && uuid !== '' && { uuid }),
      ...(state === 'running' && /^\d+$/.test(id) && { id: Number(id) }),
      state,
      config,
      path,
      ...(locks !== undefined && { lock: `${locks}/${id}.lck` }),
    }
  }

  /** Where vzctl has its locks (vz.conf(5), LOCKDIR), if it says so. */
  #locks(): string | undefined {
    const text = readConfig(`${this.#folder}/../vz.conf`)
    const folder = text === undefined ? undefined : new ContainerConfig(text).get('LOCKDIR')
    return folder?.startsWith('/') ? folder : undefined
  }

  /**
   * State by container; `undefined` where there is no OpenVZ. Columns, since strings in its JSON are not escaped. On a
   * kernel that is not OpenVZ's vzlist sees nothing and says so to nobody, and it passes over containers without a
   * private area: those are asked for one by one.
   */
  async #states(ids: readonly string[], signal?: AbortSignal): Promise<Map<string, DomainState> | undefined> {
    const found = new Map<string, DomainState>()
    const options = signal ? { signal } : {}
    try {
      const { stdout } = await this.#run(['vzlist', '-a', '-H', '-o', 'ctid,status'], options)
      for (const line of stdout.split('\n')) {
        const [id = '', word = ''] = line.trim().split(/\s+/)
        if (id !== '') found.set(id, states[word] ?? 'nostate')
      }
    } catch (error) {
      if (!VirtError.is(error, 'unsupported', 'operation-failed')) throw error
    }
    try {
      for (const id of ids)
        if (!found.has(id)) found.set(id, stateOf((await this.#run(['vzctl', 'status', id], options)).stdout))
    } catch (error) {
      if (VirtError.is(error, 'unsupported')) return found.size === 0 ? undefined : found
      throw error
    }
    return found
  }
}

/** `CTID 101 exist mounted running`, of both generations; a container that is suspended does not run. */
const stateOf = (line: string): DomainState =>
  /\bpaused\b/.test(line) ? 'paused' : /\brunning\b/.test(line) ? 'running' : 'shutoff'

/** What of a container is told to others. */
export const infoOf = ({ config: _, path: __, lock: ___, ...info }: Container): DomainInfo => info

/** The container that a file of the folder is the config of; 0.conf is the host's own, and samples are none's. */
function idOf(file: string): string | undefined {
  const id = /^([1-9]\d{0,9}|[\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12})\.conf$/.exec(file)?.[1]
  return id !== undefined && (id.length > 10 || Number(id) <= 2_147_483_644) ? id : undefined
}
