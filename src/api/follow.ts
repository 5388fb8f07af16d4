import { Queue } from '../async/queue.js'
import { type Backend, type CallOptions, need, type Watch } from '../backend.js'
import { selectorMembers } from '../model/selector.js'
import { EventWatch } from './event-watch.js'
import type { FollowEvent } from './follow-event.js'
import { FollowOne, type FollowRule, needFollowing } from './follow-one.js'

/** How devices are followed. */
export interface FollowOptions extends CallOptions {
  /** Take the devices from the guests when following ends; they keep them unless told. */
  release?: boolean
  /**
   * Milliseconds between two looks that nothing has asked for: a minute unless told, or two seconds where the backend
   * tells of no guests that start and stop.
   */
  interval?: number
}

/**
 * Keeps devices with guests: attaches each when it is plugged in and whenever its guest starts, and takes what was
 * unplugged from the guest. It has subscribed to everything when it answers.
 *
 * @throws VirtError `unsupported` where devices cannot be watched or there are no guests, `invalid-argument` for an
 * empty selector
 */
export async function follow(
  backend: Backend,
  rules: readonly FollowRule[],
  options: FollowOptions = {},
): Promise<EventWatch<FollowEvent>> {
  for (const { device } of rules) selectorMembers(device)
  needFollowing(backend)
  const { signal, release = false } = options
  const ended = new AbortController()
  const sources: Watch<unknown>[] = []
  let timer: NodeJS.Timeout | undefined

  const events: Queue<FollowEvent> = new Queue<FollowEvent>({
    merge: latest,
    signal,
    async close() {
      ended.abort()
      clearInterval(timer)
      await Promise.all(sources.map((source) => source[Symbol.asyncDispose]()))
      await Promise.all(followers.map((each) => each.end(release)))
    },
  })
  const followers = rules.map((rule) => new FollowOne(backend, rule, (event) => events.push(event), ended.signal))

  /** Passes on what a source tells; its end, before ours, is ours too. */
  const listen = async <E>(source: Watch<E>, hear: (event: E, each: FollowOne) => void) => {
    try {
      for await (const event of source) for (const each of followers) hear(event, each)
      events.end()
    } catch (error) {
      events.fail(error)
    }
  }

  try {
    const devices = await need(backend, backend.devices, 'watch')(signal ? { signal } : {})
    sources.push(devices)
    const guests = await backend.domains?.watch?.(signal ? { signal } : {})
    if (guests) sources.push(guests)
    void listen(devices, (event, each) => each.onDevice(event))
    if (guests) void listen(guests, ({ domain }, each) => each.onDomain(domain))
    timer = setInterval(
      () => {
        for (const each of followers) each.look()
      },
      options.interval ?? (guests ? 60_000 : 2000),
    )
  } catch (error) {
    await events.return()
    throw error
  }
  for (const each of followers) each.look()
  return new EventWatch(events)
}

/** Of each guest's device the last of each kind; a reader that sleeps need not know how often it flapped. */
function latest(events: readonly FollowEvent[]): FollowEvent[] {
  const last = new Map(events.map((event) => [`${event.kind} ${event.domain} ${event.device ?? ''}`, event]))
  return [...last.values()].map((event) => ({ ...event, merged: true }))
}
