import { delay } from '../../async/deadline.js'
import { Queue } from '../../async/queue.js'
import type { CallOptions, DomainEvent, Watch } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { mergeDomainEvents } from '../../model/merge-events.js'
import type { QmpEvent } from '../../wire/qmp/client.js'
import type { QemuGuest } from './guest.js'
import type { QemuHost } from './qemu-host.js'

/** Milliseconds between two looks for guests that have been started. */
const interval = 500

const names = ['DEVICE_DELETED', 'DEVICE_UNPLUG_GUEST_ERROR']

/**
 * Events of guests and of their devices. QEMU tells nothing of a device that comes: of those that this library adds it
 * is told, of others not. A watch holds the monitors of all guests for as long as it lasts, so no other process can use
 * them meanwhile; give QEMU a second monitor (`-qmp`) where that matters.
 */
export async function watchGuests(host: QemuHost, { signal }: CallOptions): Promise<Watch<DomainEvent>> {
  const left = new AbortController()
  const events = new Queue<DomainEvent>({
    merge: mergeDomainEvents,
    signal,
    close() {
      left.abort()
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

  const look = async (isFirst: boolean): Promise<void> => {
    const guests = (await host.guests.list()).filter(
      ({ state, path, isLibvirts }) => !isLibvirts && state !== 'shutoff' && state !== 'nostate' && !watched.has(path),
    )
    await Promise.all(
      guests.map(async (guest) => {
        watched.add(guest.path)
        if (!isFirst) events.push({ kind: 'started', domain: guest.name })
        await new Promise<void>((resolve) => void follow(guest, resolve).finally(resolve))
      }),
    )
  }

  const goOn = async (): Promise<void> => {
    while (!left.signal.aborted) {
      await delay(interval, left.signal)
      await look(false)
    }
  }

  try {
    await look(true)
  } catch (error) {
    events.end()
    throw error
  }
  goOn().catch((error: unknown) => {
    if (!left.signal.aborted) events.fail(error)
  })
  return events
}

function asDomainEvent({ name: domain }: QemuGuest, { name, data }: QmpEvent): DomainEvent | undefined {
  const { device } = data
  // parts of a device go with it, and have no id
  if (typeof device !== 'string') return undefined
  return { kind: name === 'DEVICE_DELETED' ? 'device-removed' : 'removal-failed', domain, alias: device }
}
