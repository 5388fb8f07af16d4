/** What every event says: what happened, and whether it stands for several. */
interface Mergeable {
  readonly kind: string
  readonly merged?: true
}

/** Kinds that are each other's opposite, so that of a row of them only the beginning and the end matter. */
const opposites: Readonly<Record<string, readonly [track: string, comes: boolean]>> = {
  created: ['life', true],
  deleted: ['life', false],
  defined: ['config', true],
  undefined: ['config', false],
  started: ['run', true],
  stopped: ['run', false],
  'device-added': ['device', true],
  'device-removed': ['device', false],
}

/**
 * Fewer events that lead to the same state: what came and went again is left out, what went and came again is told so,
 * and of the rest each kind once. An event that stands for others says so; when nothing is left, the last one does.
 *
 * @param subject what an event is about
 */
function mergeEvents<E extends Mergeable>(events: readonly E[], subject: (event: E) => string): E[] {
  const rows = new Map<string, number[]>()
  const lastComing = new Map<string, number>()
  for (const [at, event] of events.entries()) {
    const [track = event.kind, comes] = opposites[event.kind] ?? []
    const key = JSON.stringify([track, subject(event)])
    const row = rows.get(key)
    if (row) row.push(at)
    else rows.set(key, [at])
    if (comes) lastComing.set(subject(event), at)
  }

  const kept = new Map<number, boolean>()
  let vanished = false
  for (const row of rows.values()) {
    const left = essence(events, row)
    const about = left.filter((at) => isNews(events[at] as E, at, lastComing.get(subject(events[at] as E))))
    for (const at of about) kept.set(at, about.length < row.length)
    if (about.length === 0) vanished = true
  }
  const merged = [...kept]
    .sort(([a], [b]) => a - b)
    .map(([at, standsForMore]) => (standsForMore ? marked(events[at] as E) : (events[at] as E)))
  const [first] = merged
  if (!first) return events.slice(-1).map(marked)
  return vanished ? [marked(first), ...merged.slice(1)] : merged
}

const marked = <E extends Mergeable>(event: E): E => ({ ...event, merged: true })

/** Which of a row of events, given by their places, lead to the same state. */
function essence(events: readonly Mergeable[], row: readonly number[]): readonly number[] {
  const comes = (at: number | undefined) => (at === undefined ? undefined : opposites[events[at]?.kind ?? '']?.[1])
  const [first, last] = [row[0], row.at(-1)]
  if (last === undefined || comes(last) === undefined || comes(first) === comes(last))
    return last === undefined ? [] : [last]
  // it came and has gone: nothing has changed; or it went and is there again: another one
  return comes(first) ? [] : [row.filter((at) => !comes(at)).at(-1) ?? last, last]
}

/** What happened to something before it came anew is no news. */
const isNews = (event: Mergeable, at: number, lastComing: number | undefined): boolean =>
  event.kind in opposites || lastComing === undefined || at > lastComing

/** {@link mergeEvents} of devices. */
export const mergeDeviceEvents = <E extends Mergeable & { readonly device: string }>(events: readonly E[]): E[] =>
  mergeEvents(events, ({ device }) => device)

/** {@link mergeEvents} of guests and of their devices. */
export const mergeDomainEvents = <E extends Mergeable & { readonly domain: string; readonly alias?: string }>(
  events: readonly E[],
): E[] => mergeEvents(events, ({ domain, alias = '' }) => `${domain}/${alias}`)
