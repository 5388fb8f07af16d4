import { deadline, delay } from '../../async/deadline.js'
import { Queue } from '../../async/queue.js'
import type { Watch } from '../../backend.js'
import { VirtError } from '../../errors.js'
import type { RpcClient } from '../../wire/libvirt-rpc/client.js'
import type { Subscription } from '../../wire/libvirt-rpc/subscriptions.js'
import type { Session } from './session.js'

/** What a watch is of. */
export interface WatchPlan<E> {
  /** Subscribes on a connection; `ended` hears the connection's end. */
  listen(client: RpcClient, heard: (event: E) => void, ended: (reason: unknown) => void): readonly Subscription[]
  /** Looks at the host, once subscribed: what has changed since it looked last. */
  look(): Promise<readonly E[]>
  /** Whether the one who watches is to hear of it. Events are asked about in order. */
  wanted(event: E): Promise<boolean>
  /** Fewer events for one who is slow to hear of them. */
  merge(events: readonly E[]): E[]
}

/** How long to wait before the next attempt at a lost connection: longer each time, up to five seconds. */
const pause = (attempt: number): number => Math.min(100 * 2 ** attempt, 5000)

/**
 * A watch that outlives its connection, where the session reconnects: then it subscribes anew and tells what was missed
 * in between. Where it does not, the watch ends with the connection.
 */
export async function lastingWatch<E>(
  session: Session,
  signal: AbortSignal | undefined,
  plan: WatchPlan<E>,
): Promise<Watch<E>> {
  const left = new AbortController()
  let subscriptions: readonly Subscription[] = []
  const events = new Queue<E>({
    merge: plan.merge,
    signal,
    close: async () => {
      left.abort()
      await Promise.all(subscriptions.map(({ stop }) => stop()))
    },
  })

  const canGoOn = (error: unknown) => session.reconnects && VirtError.is(error, 'no-connection')

  const begin = async (): Promise<{ heard: Queue<E>; missed: readonly E[] }> => {
    const client = await session.client()
    const heard = new Queue<E>({ merge: plan.merge })
    subscriptions = plan.listen(
      client,
      (event) => heard.push(event),
      (reason) => heard.fail(reason),
    )
    await Promise.all(subscriptions.map(({ ready }) => ready))
    return { heard, missed: await plan.look() }
  }

  const beginAgain = async () => {
    for (let attempt = 0; ; attempt++) {
      await delay(pause(attempt), left.signal)
      try {
        return await begin()
      } catch (error) {
        if (!canGoOn(error)) throw error
      }
    }
  }

  const pump = async (first: Queue<E>): Promise<void> => {
    for (let heard = first; ; ) {
      try {
        for await (const event of heard) if (await plan.wanted(event)) events.push(event)
      } catch (error) {
        if (!canGoOn(error)) throw error
      }
      const again = await beginAgain()
      for (const event of again.missed) events.push(event)
      heard = again.heard
    }
  }

  try {
    const { heard } = await deadline({ signal }, () => undefined, begin)
    // Its end is the watch's: after the reader has left nobody hears of it.
    pump(heard).catch((error) => events.fail(error))
    return events
  } catch (error) {
    events.end()
    throw error
  }
}
