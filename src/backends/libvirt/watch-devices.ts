import type { DeviceEvent, Watch, WatchOptions } from '../../backend.js'
import { mergeDeviceEvents } from '../../model/merge-events.js'
import { lifecycleEvents } from '../../model/node-device-flags.js'
import { listDeviceNames } from './device-names.js'
import { lastingWatch } from './lasting-watch.js'
import type { Session } from './session.js'

/**
 * Events of node devices, in libvirtd's order. After a connection was lost and opened again, what has come and gone in
 * between is told as `created` and `deleted`.
 */
export async function watchDevices(session: Session, options: WatchOptions): Promise<Watch<DeviceEvent>> {
  const { device, capability, signal } = options
  const about = device === undefined ? undefined : { name: device }
  let known = new Set<string>()

  const look = async (): Promise<DeviceEvent[]> => {
    const names = await listDeviceNames(session, capability === undefined ? {} : { capability }, {})
    const before = known
    known = new Set(names.filter((name) => device === undefined || name === device))
    const gone = [...before].filter((name) => !known.has(name))
    const come = [...known].filter((name) => !before.has(name))
    return [
      ...gone.map((name) => ({ kind: 'deleted' as const, device: name })),
      ...come.map((name) => ({ kind: 'created' as const, device: name })),
    ]
  }

  return await lastingWatch<DeviceEvent>(session, signal, {
    merge: mergeDeviceEvents,
    look,
    listen: (client, heard, ended) => [
      client.listen('nodeDeviceLifecycle', about, {
        heard: ({ dev, event }) => heard({ kind: lifecycleEvents[event] ?? 'updated', device: dev.name }),
        ended,
      }),
      client.listen('nodeDeviceUpdate', about, {
        heard: ({ dev }) => heard({ kind: 'updated', device: dev.name }),
        ended,
      }),
    ],
    async wanted({ kind, device: name }) {
      if (kind === 'deleted') return known.delete(name) || capability === undefined
      if (capability === undefined) known.add(name)
      // Of what kind a device is that has just come, libvirtd has to say.
      else if (!known.has(name) && kind !== 'updated') await look()
      return known.has(name)
    },
  })
}
