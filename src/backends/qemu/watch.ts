import { Queue } from '../../async/queue.js'
import type { CallOptions, DomainEvent, Watch } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { mergeDomainEvents } from '../../model/merge-events.js'
import type { FolderWatch } from '../../os/folder-watch.js'
import type { QmpEvent } from '../../wire/qmp/client.js'
import type { QemuGuest } from './guest.js'
import type { QemuHost } from './qemu-host.js'

/**
 * Milliseconds between two looks for guests that have been started: shortly after something has changed where their
 * monitors are, for a QEMU answers some time after it has made its socket; and otherwise, in case a change is not told.
 */
const interval = { busy: 500, calm: 5000 }

/** Milliseconds from a change to the look for it: several come together. */
const settle = 50

const names = ['DEVICE_DELETED', 'DEVICE_UNPLUG_GUEST_ERROR']

/**
 * Events of guests and of their devices. QEMU tells nothing of a device that comes: of those that this library adds it
 * is told, of others not. A watch holds the monitors of all guests for as long as it lasts, so no other process can use
 * them meanwhile; give QEMU a second monitor (`-qmp`) where that matters.
 */
export async function watchGuests(host: QemuHost, { signal }: CallOptions): Promise<Watch<DomainEvent>> {
  const left = new AbortController()
  let folder: FolderWatch | undefined
  let timer: NodeJS.Timeout | undefined
  const events = new Queue<DomainEvent>({
    merge: mergeDomainEvents,
    signal,
    close() {
      left.abort()
      clearTimeout(timer)
      folder?.stop()
      host.unlisten(events)
    },
  })
  host.listen(events)
  const watched = new Set<string>()

  const follow = async (guest: QemuGuest, ready: () => void): Promise<void> => {
    try {
      await host.monitors.use(guest.path, async (qemu) => {
        await using told = qemu.events(names, left.signal)
        ready()
        for await (const event of told) {
          const translated = asDomainEvent(guest, event)
          if (translated) events.push(translated)
        }
      })
    } catch (error) {
      if (!left.signal.aborted && !VirtError.is(error)) events.fail(error)
    } finally {
      watched.delete(guest.path)
      if (!left.signal.aborted) events.push({ kind: 'stopped', domain: guest.name })
    }
  }

  /** Begins to watch those that have been started; whether others are there that do not answer. */
  const look = async (isFirst: boolean): Promise<boolean> => {
    const all = (await host.guests.list()).filter(({ isLibvirts }) => !isLibvirts)
    const started = all.filter(({ state, path }) => state !== 'shutoff' && state !== 'nostate' && !watched.has(path))
    await Promise.all(
      started.map(async (guest) => {
        watched.add(guest.path)
        if (!isFirst) events.push({ kind: 'started', domain: guest.name })
        await new Promise<void>((resolve) => void follow(guest, resolve).finally(resolve))
      }),
    )
    return all.some(({ state }) => state === 'nostate')
  }

  let changed = performance.now()
  let isLooking = true
  let isSoon = false
  const lookIn = (milliseconds: number): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void lookAgain(), milliseconds)
  }
  const lookAgain = async (): Promise<void> => {
    isLooking = true
    isSoon = false
    try {
      const areSilent = await look(false)
      const isCalm = folder !== undefined && performance.now() - changed > interval.calm && !areSilent
      if (!left.signal.aborted) lookIn(isSoon ? settle : isCalm ? interval.calm : interval.busy)
    } catch (error) {
      if (!left.signal.aborted) events.fail(error)
    } finally {
      isLooking = false
    }
  }
  const onChange = (): void => {
    changed = performance.now()
    if (!isSoon && !isLooking) lookIn(settle)
    isSoon = true
  }

  try {
    folder = await host.monitors.watch(onChange)
    await look(true)
  } catch (error) {
    events.end()
    throw error
  }
  isLooking = false
  lookIn(isSoon ? settle : interval.busy)
  return events
}

function asDomainEvent({ name: domain }: QemuGuest, { name, data }: QmpEvent): DomainEvent | undefined {
  const { device } = data
  // parts of a device go with it, and have no id
  if (typeof device !== 'string') return undefined
  return { kind: name === 'DEVICE_DELETED' ? 'device-removed' : 'removal-failed', domain, alias: device }
}
