import type { CallOptions, DomainEvent, Watch } from '../../backend.js'
import { mergeDomainEvents } from '../../model/merge-events.js'
import { lastingWatch } from './lasting-watch.js'
import type { Session } from './session.js'

/** Lifecycle events by libvirt's number (`virDomainEventType`); what is not here is about neither coming nor going. */
const lifecycle = new Map<number, 'defined' | 'undefined' | 'started' | 'stopped'>([
  [0, 'defined'],
  [1, 'undefined'],
  [2, 'started'],
  [5, 'stopped'],
  [8, 'stopped'],
])

const deviceEvents = {
  'device-added': 'domainDeviceAdded',
  'device-removed': 'domainDeviceRemoved',
  'removal-failed': 'domainDeviceRemovalFailed',
} as const

/**
 * Events of guests and of their devices, in libvirtd's order. After a connection was lost and opened again, which
 * guests have started and stopped in between is told.
 */
export async function watchDomains(session: Session, { signal }: CallOptions): Promise<Watch<DomainEvent>> {
  let running = new Set<string>()

  return await lastingWatch<DomainEvent>(session, signal, {
    merge: mergeDomainEvents,
    async look() {
      const { domains } = await session.call('connectListAllDomains', { needResults: true, flags: 0 }, {})
      const before = running
      running = new Set(domains.filter(({ id }) => id >= 0).map(({ name }) => name))
      const stopped = [...before].filter((name) => !running.has(name))
      const started = [...running].filter((name) => !before.has(name))
      return [
        ...stopped.map((name) => ({ kind: 'stopped' as const, domain: name })),
        ...started.map((name) => ({ kind: 'started' as const, domain: name })),
      ]
    },
    listen: (client, heard, ended) => [
      client.listen('domainLifecycle', undefined, {
        heard({ dom, event }) {
          const kind = lifecycle.get(event)
          if (kind) heard({ kind, domain: dom.name })
        },
        ended,
      }),
      ...(Object.keys(deviceEvents) as (keyof typeof deviceEvents)[]).map((kind) =>
        client.listen(deviceEvents[kind], undefined, {
          heard: ({ dom, devAlias }) => heard({ kind, domain: dom.name, alias: devAlias }),
          ended,
        }),
      ),
    ],
    async wanted({ kind, domain }) {
      if (kind === 'started') running.add(domain)
      if (kind === 'stopped') running.delete(domain)
      return true
    },
  })
}
