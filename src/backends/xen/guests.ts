import type { CallOptions, DomainInfo, DomainState } from '../../backend.js'
import { errorDomains, VirtError } from '../../errors.js'
import type { RunCommand } from '../../os/command.js'
import type { XenstoreClient } from '../../wire/xenstore/client.js'
import type { GuestConfigs } from './guest-configs.js'

/** A guest that runs. */
export interface RunningGuest {
  readonly name: string
  readonly uuid?: string
  /** Its number: `domid`. */
  readonly id: number
}

/** Letters in `xl list` (tools/xl/xl_list.c), the graver first, and what libvirt calls that. */
const letters: readonly (readonly [letter: string, state: DomainState])[] = [
  ['d', 'shutdown'],
  ['c', 'crashed'],
  ['s', 'shutdown'],
  ['p', 'paused'],
  ['b', 'blocked'],
  ['r', 'running'],
]

/** The guests of a Xen host: those that run, as xenstore has them, and those that could, by their xl.cfg. */
export class Guests {
  readonly #store: XenstoreClient
  readonly #run: RunCommand
  readonly #configs: GuestConfigs

  constructor(store: XenstoreClient, run: RunCommand, configs: GuestConfigs) {
    this.#store = store
    this.#run = run
    this.#configs = configs
  }

  /** Those that run; dom0, to which the devices belong, is none. */
  async running({ signal }: CallOptions = {}): Promise<RunningGuest[]> {
    const ids = ((await this.#store.directory('/local/domain', { signal })) ?? []).map(Number).filter((id) => id > 0)
    const guests = await Promise.all(ids.map((id) => this.#guest(id, signal)))
    return guests.filter((guest) => guest !== undefined)
  }

  async list(options: CallOptions): Promise<DomainInfo[]> {
    const [running, states, configured] = await Promise.all([
      this.running(options),
      guestStates(this.#run, options),
      this.#configs.list(),
    ])
    const names = new Set(running.map(({ name }) => name))
    return [
      // one that has stopped running since xenstore was asked is not in xl's list
      ...running.map((guest) => ({ ...guest, state: states?.get(guest.id) ?? ('nostate' as const) })),
      ...configured
        .filter(({ name }) => !names.has(name))
        .map(({ name, uuid }) => ({ name, ...(uuid !== undefined && { uuid }), state: 'shutoff' as const })),
    ]
  }

  /** By name or UUID. */
  async find(wanted: string, options: CallOptions): Promise<DomainInfo | undefined> {
    return oneOf(await this.list(options), wanted)
  }

  /**
   * One that has to run.
   *
   * @throws VirtError `no-domain` when there is none of that name or UUID, `operation-invalid` when it does not run
   */
  async needRunning(wanted: string, options: CallOptions): Promise<RunningGuest> {
    const found = oneOf(await this.running(options), wanted)
    if (found) return found
    if (!oneOf(await this.#configs.list(), wanted)) throw noGuest(wanted)
    throw new VirtError('operation-invalid', `the guest ${wanted} is not running; change its config`, {
      domain: wanted,
      errorDomain: errorDomains.xen,
    })
  }

  async #guest(id: number, signal: AbortSignal | undefined): Promise<RunningGuest | undefined> {
    const [name, vm, isThere] = await Promise.all([
      this.#store.read(`/local/domain/${id}/name`, { signal }),
      this.#store.read(`/local/domain/${id}/vm`, { signal }),
      this.#store.isDomainIntroduced(id, { signal }),
    ])
    // xenstore keeps the nodes of a guest that has died until its toolstack takes them away, or for ever
    if (!name || !isThere) return undefined
    const uuid = /^\/vm\/([\da-f-]{36})(?:-\d+)?$/.exec(vm ?? '')?.[1]
    return { name, ...(uuid !== undefined && { uuid }), id }
  }
}

/** Only the hypervisor knows what a guest does, and xl asks it; `undefined` where there is no xl, or no Xen. */
export async function guestStates(
  run: RunCommand,
  { signal }: CallOptions = {},
): Promise<ReadonlyMap<number, DomainState> | undefined> {
  try {
    const { stdout } = await run(['xl', 'list'], { signal })
    const rows = stdout.matchAll(/\s(\d+)\s+\d+\s+\d+\s+([r-][b-][p-][s-][c-][d-])\s+[\d.]+\s*$/gm)
    return new Map(Array.from(rows, ([, id, flags = '']) => [Number(id), stateOf(flags)] as const))
  } catch (error) {
    if (VirtError.is(error, 'unsupported', 'operation-failed')) return undefined
    throw error
  }
}

/** The guest that somebody means by a name or a UUID. */
function oneOf<G extends { readonly name: string; readonly uuid?: string }>(
  guests: readonly G[],
  wanted: string,
): G | undefined {
  return guests.find(({ name }) => name === wanted) ?? guests.find(({ uuid }) => uuid === wanted.toLowerCase())
}

/** A guest of which no letter is shown waits for its turn on a processor. */
const stateOf = (flags: string): DomainState => letters.find(([letter]) => flags.includes(letter))?.[1] ?? 'running'

/** That there is no guest of that name. */
export const noGuest = (wanted: string): VirtError =>
  new VirtError('no-domain', `there is no guest ${JSON.stringify(wanted.slice(0, 100))}`, {
    domain: wanted,
    errorDomain: errorDomains.xen,
  })
