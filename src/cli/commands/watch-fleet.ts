import {
  type DeviceEvent,
  Fleet,
  type FleetHost,
  type FleetOptions,
  VirtError,
  type WatchOptions,
} from '../../index.js'
import { ProgressBar } from '../progress.js'
import { printable, type Terminal } from '../terminal.js'

/** How a fleet is watched. */
export interface FleetWatching extends Pick<FleetOptions, 'concurrency' | 'timeout'> {
  readonly options: WatchOptions
  readonly json: boolean
}

/**
 * A line for each thing that happens to a device of many hosts, with its host; hosts that fail, at once or later, are
 * told on standard error, and as JSON among the events too. It goes on while one host is watched.
 *
 * @throws VirtError `operation-failed` at the end when hosts have failed
 */
export async function watchHosts(
  hosts: readonly FleetHost[],
  { options, json, ...fleetOptions }: FleetWatching,
  terminal: Terminal,
): Promise<void> {
  const bar = new ProgressBar(process.stderr, process.env)
  const fleet = new Fleet(hosts, { ...fleetOptions, onProgress: (progress) => bar.show(progress) })
  const width = Math.max(0, ...fleet.hosts.map((host) => printable(host).length))
  const failed: string[] = []
  try {
    bar.show({ total: fleet.hosts.length, answered: 0, failed: 0 })
    await using events = await fleet.watchNodeDevices(options)
    bar.end()
    for await (const { host, value, error } of events) {
      if (error) {
        failed.push(host)
        process.stderr.write(`${terminal.colour.red(`${printable(host)}:`)} ${printable(error.message)}\n`)
      }
      const line = { host, ...(error ? { error: { code: error.code, message: error.message } } : value) }
      if (json) terminal.write(`${JSON.stringify(line)}\n`)
      else if (value) terminal.write(`${printable(host).padEnd(width)}  ${eventWords(value, terminal)}\n`)
    }
  } finally {
    bar.end()
  }
  if (failed.length > 0)
    throw new VirtError('operation-failed', `${failed.length} of ${fleet.hosts.length} hosts could not be watched`, {
      candidates: failed,
    })
}

/** An event as people read it. */
export const eventWords = ({ kind, device }: DeviceEvent, { colour }: Terminal): string =>
  `${colour.bold(kind.padEnd(12))} ${printable(device)}`
