import type { DomainInfo, DomainState } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { ContainerConfig } from '../../formats/container-config.js'
import { checkContainer } from '../../formats/vzctl.js'
import type { RunCommand } from '../../os/command.js'
import { editConfig, listFolder, readConfig } from '../../os/config-file.js'

/** What OpenVZ says of a container (vzlist(8)), in libvirt's words. */
const states: Readonly<Record<string, DomainState>> = {
  running: 'running',
  stopped: 'shutoff',
  mounted: 'shutoff',
  suspended: 'paused',
  paused: 'paused',
}

/** A container as its config file and vzlist have it. */
export interface Container extends DomainInfo {
  readonly config: ContainerConfig
}

/** Containers of this host: their config files are the truth, and vzlist says which of them run. */
export class Containers {
  readonly #folder: string
  readonly #run: RunCommand

  constructor(folder: string, run: RunCommand) {
    this.#folder = folder
    this.#run = run
  }

  async list(signal?: AbortSignal): Promise<DomainInfo[]> {
    const states = await this.#states(signal)
    const ids = (await listFolder(this.#folder)).flatMap((file) => idOf(file) ?? [])
    return ids.flatMap((id) => {
      const container = this.#container(id, states)
      return container ? [infoOf(container)] : []
    })
  }

  /** By number or UUID, or by the name that the config gives. */
  async find(wanted: string, signal?: AbortSignal): Promise<Container | undefined> {
    const states = await this.#states(signal)
    const ids = (await listFolder(this.#folder)).flatMap((file) => idOf(file) ?? [])
    const all = ids.flatMap((id) => this.#container(id, states) ?? [])
    return (
      all.find(({ name }) => name === wanted) ??
      all.find(({ uuid }) => uuid?.toLowerCase() === wanted.toLowerCase()) ??
      all.find(({ config }) => config.get('NAME') === wanted)
    )
  }

  /** The same; one that is not there is an error. @throws VirtError `no-domain` */
  async need(wanted: string, signal?: AbortSignal): Promise<Container> {
    const container = await this.find(wanted, signal)
    if (container) return container
    throw new VirtError('no-domain', `there is no container ${JSON.stringify(wanted.slice(0, 100))}`, {
      domain: wanted,
    })
  }

  /** Changes a container's config file in place. */
  async edit(id: string, change: (config: ContainerConfig) => void, signal?: AbortSignal): Promise<void> {
    const edit = (text: string): string => {
      const config = new ContainerConfig(text)
      change(config)
      return config.toString()
    }
    await editConfig(this.#path(id), edit, signal)
  }

  #container(id: string, states: ReadonlyMap<string, DomainState> | undefined): Container | undefined {
    const text = readConfig(this.#path(id))
    if (text === undefined) return undefined
    const config = new ContainerConfig(text)
    // libvirt's driver keeps a container's UUID in a comment, OpenVZ 7 in a setting
    const uuid = config.get('UUID') ?? /^#UUID:\s*([\da-fA-F-]{36})\s*$/m.exec(text)?.[1]
    // where vzlist is not to be had nobody knows
    const state = states ? (states.get(id) ?? 'shutoff') : 'nostate'
    return {
      name: id,
      ...(uuid !== undefined && { uuid }),
      ...(state === 'running' && /^\d+$/.test(id) && { id: Number(id) }),
      state,
      config,
    }
  }

  /** State by container; `undefined` where there is no vzlist. Columns, since strings in its JSON are not escaped. */
  async #states(signal?: AbortSignal): Promise<ReadonlyMap<string, DomainState> | undefined> {
    try {
      const { stdout } = await this.#run(['vzlist', '-a', '-H', '-o', 'ctid,status'], signal ? { signal } : {})
      const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/))
      return new Map(
        lines.flatMap(([id = '', word = '']) => (id === '' ? [] : [[id, states[word] ?? 'nostate'] as const])),
      )
    } catch (error) {
      if (VirtError.is(error, 'unsupported')) return undefined
      throw error
    }
  }

  #path(id: string): string {
    return `${this.#folder}/${checkContainer(id)}.conf`
  }
}

const infoOf = ({ config: _, ...info }: Container): DomainInfo => info

/** The container that a file of the folder is the config of; 0.conf is the host's own, and samples are none's. */
function idOf(file: string): string | undefined {
  const id = /^([1-9]\d{0,9}|[\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12})\.conf$/.exec(file)?.[1]
  return id !== undefined && (id.length > 10 || Number(id) <= 2_147_483_644) ? id : undefined
}
