import { Queue } from '../async/queue.js'
import type { DeviceEvent, Watch, WatchOptions } from '../backend.js'
import type { ConnectOptions } from './connect.js'
import { AskedHost, type FleetAnswer, type FleetHost } from './fleet-host.js'

/** How the hosts are asked. */
interface WatchedFleet {
  readonly hosts: readonly FleetHost[]
  readonly concurrency: number
  readonly timeout: number
  readonly login: ConnectOptions['login']
  settled(host: string, failed: boolean): void
}

/**
 * Events of all hosts in one stream, as soon as every host is subscribed or has failed. A host that fails, then or
 * later, is an answer with its error; the stream ends when every host's has.
 */
export async function watchFleet(
  { hosts, concurrency, timeout, login, settled }: WatchedFleet,
  { signal, ...options }: WatchOptions,
): Promise<Watch<FleetAnswer<DeviceEvent>>> {
  const asked = new Set<AskedHost>()
  const left = new AbortController()
  const events = new Queue<FleetAnswer<DeviceEvent>>({
    signal,
    // nobody reads before all have answered, be it with their errors
    capacity: 1000 + 2 * hosts.length,
    close() {
      left.abort()
      for (const host of asked) host.leave()
    },
  })
  let open = hosts.length
  const gone = (host: AskedHost) => {
    asked.delete(host)
    host.leave()
    if (--open === 0) events.end()
  }

  const pass = async (host: AskedHost, watch: Watch<DeviceEvent>) => {
    try {
      for await (const value of watch) events.push({ host: host.name, value })
    } catch (reason) {
      if (!left.signal.aborted) events.push({ host: host.name, error: host.failure(reason) })
    } finally {
      gone(host)
    }
  }

  const subscribe = async (each: FleetHost) => {
    const host = new AskedHost(each, login, { signal, timeout })
    asked.add(host)
    try {
      const conn = await host.connection()
      const watch = await host.within(() => conn.watchNodeDevices({ ...options, signal: host.signal }))
      settled(host.name, false)
      void pass(host, watch)
    } catch (reason) {
      if (left.signal.aborted || signal?.aborted) return
      const error = host.failure(reason)
      settled(host.name, true)
      events.push({ host: host.name, error })
      gone(host)
    }
  }

  const waiting = hosts[Symbol.iterator]()
  const worker = async () => {
    for (const host of waiting) {
      if (left.signal.aborted) return
      await subscribe(host)
    }
  }
  if (open === 0) events.end()
  await Promise.all(Array.from({ length: Math.min(concurrency, hosts.length) }, worker))
  signal?.throwIfAborted()
  return events
}
