import {
  Fleet,
  type FleetAnswer,
  type FleetHost,
  type FleetOptions,
  type ListOptions,
  type NodeDeviceDef,
  VirtError,
} from '../../index.js'
import { ProgressBar } from '../progress.js'
import { printable, type Terminal } from '../terminal.js'

/** How a fleet is listed. */
export interface FleetListing extends Pick<FleetOptions, 'concurrency' | 'timeout'> {
  readonly filter: ListOptions
  readonly names: boolean
  readonly json: boolean
  /** Prints the devices of one host. */
  print(defs: readonly NodeDeviceDef[], terminal: Terminal): void
}

/**
 * Lists the devices of many hosts, each host's as soon as it has told all; hosts that fail are told on standard error.
 *
 * @throws VirtError `operation-failed` at the end when hosts have failed
 */
export async function listFleet(hosts: readonly FleetHost[], listing: FleetListing, terminal: Terminal): Promise<void> {
  const { filter, names, json, print, ...options } = listing
  const bar = new ProgressBar(process.stderr, process.env)
  const out = bar.below(terminal)
  const errors = bar.below({ ...terminal, write: (text) => void process.stderr.write(text) })
  const failed = new Set<string>()
  const tell = json ? jsonTeller(out) : names ? nameTeller(out) : blockTeller(out, print)
  const fleet = new Fleet(hosts, {
    ...options,
    onProgress(progress) {
      bar.show(progress)
      if (progress.answered > told.answered) tell.end(progress.host)
      told = progress
    },
  })
  let told = { total: fleet.hosts.length, answered: 0, failed: 0 }
  bar.show(told)
  const answers: AsyncIterable<FleetAnswer<string | NodeDeviceDef>> = names
    ? fleet.listNodeDeviceNames(filter)
    : fleet.listNodeDevices(filter)
  try {
    for await (const { host, value, error } of answers) {
      if (!error) {
        tell.device(host, value)
        continue
      }
      failed.add(host)
      tell.fail(host, error)
      errors.write(`${terminal.colour.red(`${printable(host)}:`)} ${printable(error.message)}\n`)
    }
    tell.finish()
  } finally {
    bar.end()
  }
  if (failed.size > 0)
    throw new VirtError('operation-failed', `${failed.size} of ${told.total} hosts could not be listed`, {
      candidates: [...failed],
    })
}

/** Puts the answers of many hosts, which come mixed, into words. */
interface Teller {
  device(host: string, device: string | NodeDeviceDef): void
  /** The host has told all. */
  end(host: string): void
  fail(host: string, error: VirtError): void
  finish(): void
}

/** A line for each device, as it comes. */
const nameTeller = (out: Terminal): Teller => ({
  device: (host, device) => out.write(`${printable(host)}\t${typeof device === 'string' ? device : device.name}\n`),
  end() {},
  fail() {},
  finish() {},
})

/** What each host has told so far. */
class Gathered {
  readonly #devices = new Map<string, (string | NodeDeviceDef)[]>()

  add(host: string, device: string | NodeDeviceDef): void {
    const devices = this.#devices.get(host)
    if (devices) devices.push(device)
    else this.#devices.set(host, [device])
  }

  take(host: string): (string | NodeDeviceDef)[] {
    const devices = this.#devices.get(host) ?? []
    this.#devices.delete(host)
    return devices
  }
}

/** A heading and a table or tree for each host. */
function blockTeller(out: Terminal, print: FleetListing['print']): Teller {
  const gathered = new Gathered()
  return {
    device: (host, device) => gathered.add(host, device),
    end(host) {
      const defs = gathered.take(host).filter((device) => typeof device !== 'string')
      out.write(`${out.colour.bold(printable(host))} (${defs.length})\n`)
      print(defs, out)
      out.write('\n')
    },
    fail: (host) => void gathered.take(host),
    finish() {},
  }
}

/** One array with an object for each host: its devices, or its error. */
function jsonTeller(out: Terminal): Teller {
  const gathered = new Gathered()
  let lead = '[\n'
  const write = (answer: object) => {
    out.write(`${lead}${JSON.stringify(answer)}`)
    lead = ',\n'
  }
  return {
    device: (host, device) => gathered.add(host, device),
    end: (host) => write({ host, devices: gathered.take(host) }),
    fail(host, { code, message }) {
      gathered.take(host)
      write({ host, error: { code, message } })
    },
    finish: () => out.write(lead === '[\n' ? '[]\n' : '\n]\n'),
  }
}
