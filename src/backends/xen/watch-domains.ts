import { Queue } from '../../async/queue.js'
import type { CallOptions, DomainEvent, Watch } from '../../backend.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { mergeDomainEvents } from '../../model/merge-events.js'
import type { XenstoreClient } from '../../wire/xenstore/client.js'
import type { Guests, RunningGuest } from './guests.js'

/** Where domains come and go, where devices are listed, and where backends have what is given to a guest. */
const watched = ['@introduceDomain', '@releaseDomain', '/libxl', '/local/domain/0/backend']

/** The guest whose devices a path is about. */
const deviceOf = /^\/libxl\/(\d+)\/device|^\/local\/domain\/0\/backend\/(?:vusb|qusb|pci|vscsi)\/(\d+)(?:\/|$)/

/**
 * Events of guests and of their devices. A watch of xenstore says only that something has changed, so each time it is
 * looked what: a device that comes and goes between two looks is not told of.
 *
 * @param hostdevs - the devices that a guest has now
 */
export async function watchDomains(
  store: XenstoreClient,
  guests: Guests,
  hostdevs: (guest: RunningGuest, options: CallOptions) => Promise<HostdevDef[]>,
  { signal }: CallOptions,
): Promise<Watch<DomainEvent>> {
  const changes = new Queue<string>()
  const sources: Queue<string>[] = []
  const events = new Queue<DomainEvent>({
    merge: mergeDomainEvents,
    signal,
    close: async () => {
      changes.end()
      await Promise.all(sources.map((source) => source.return()))
    },
  })
  /** What was seen last: the guests by their number, and the aliases of their devices. */
  const seen = new Map<number, { readonly name: string; aliases: ReadonlySet<string> }>()

  async function look(ids: ReadonlySet<number> | undefined, tell: (event: DomainEvent) => void): Promise<void> {
    const running = new Map((await guests.running()).map((guest) => [guest.id, guest]))
    for (const [id, { name }] of seen)
      if (running.get(id)?.name !== name) {
        seen.delete(id)
        tell({ kind: 'stopped', domain: name })
      }
    for (const guest of running.values()) {
      const { id, name } = guest
      const before = seen.get(id)
      if (before && ids && !ids.has(id)) continue
      if (!before) tell({ kind: 'started', domain: name })
      const aliases = new Set((await hostdevs(guest, {})).flatMap((def) => aliasOf(def)))
      // what a guest has from its start on is no event
      for (const alias of before ? aliases : [])
        if (!before?.aliases.has(alias)) tell({ kind: 'device-added', domain: name, alias })
      for (const alias of before?.aliases ?? [])
        if (!aliases.has(alias)) tell({ kind: 'device-removed', domain: name, alias })
      seen.set(id, { name, aliases })
    }
  }

  async function follow(): Promise<void> {
    for await (const first of changes) {
      // what has come meanwhile is seen by the same look
      const paths = [first]
      while (changes.waiting > 0) paths.push((await changes.next()).value ?? '')
      const ids = paths.flatMap((path) => deviceOf.exec(path)?.slice(1).filter(Boolean).map(Number) ?? [])
      const all = paths.some((path) => path.startsWith('@'))
      if (all || ids.length > 0) await look(new Set(ids), (event) => events.push(event))
    }
  }

  try {
    for (const path of watched) {
      const source = await store.watch(path, { signal })
      sources.push(source)
      // each watch tells of its own path at once, which is no change
      await source.next()
      pass(source, changes)
    }
    await look(undefined, () => {})
    follow().then(
      () => events.end(),
      (error) => events.fail(error),
    )
    return events
  } catch (error) {
    events.end()
    throw error
  }
}

function pass(source: Queue<string>, to: Queue<string>): void {
  const run = async () => {
    for await (const path of source) to.push(path)
  }
  run().then(
    () => to.end(),
    (error) => to.fail(error),
  )
}

const aliasOf = (def: HostdevDef): string[] => (def.kind === 'other' || def.alias === undefined ? [] : [def.alias])
