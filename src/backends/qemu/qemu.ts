import { type Backend, backend } from '../../backend.js'
import { watchDevices } from '../../host/device-watch.js'
import { LinuxHost } from '../../host/linux-host.js'
import { readingCalls } from '../../host/reading-calls.js'
import { abilities, guestAbilities } from '../../manager/abilities.js'
import { assignabilityCall, changeCalls } from '../../manager/device-calls.js'
import { notEnded, unfinishedChanges } from '../../manager/recover.js'
import { takeFromTheGone } from '../../manager/take.js'
import { type RunCommand, runCommand } from '../../os/command.js'
import { machineHints } from '../../os/device-hints.js'
import type { HostFiles } from '../../os/host-files.js'
import { realFiles } from '../../os/host-files-real.js'
import type { HostWrites } from '../../os/host-writes.js'
import { realWrites } from '../../os/host-writes-real.js'
import type { ByteStream } from '../../os/socket.js'
import { StateFolder } from '../../os/state-folder.js'
import { domainDriver } from './domains.js'
import { QemuGuests } from './guests.js'
import { hostGuests } from './host-guests.js'
import { type MonitorPlaces, Monitors } from './monitors.js'
import { QemuHost } from './qemu-host.js'

/** Which guests, and on which host they run: this machine, unless told otherwise. */
export interface QemuOptions {
  /** Sockets of QMP monitors by the names of their guests, or a folder in which each socket is a guest's. */
  monitors: MonitorPlaces
  /** The host's files; this machine's unless told. */
  files?: HostFiles
  /** How the host's values are changed: by this machine's kernel, unless told. */
  writes?: HostWrites
  /** Runs commands on the host; tests play them here. */
  run?: RunCommand
  /** Where changes are recorded; /run/hostdev for root and $XDG_RUNTIME_DIR/hostdev for others unless told. */
  stateFolder?: string
  /** Connects to a monitor; as a client of the unix socket at that path unless told. */
  dial?: (path: string) => Promise<ByteStream>
  /** Milliseconds that the kernel is given to show the effect of a write; 1000 unless told. */
  settle?: number
  /** The URI it answers to. */
  uri?: string
}

/** The parts of a host with QEMU guests. */
export function qemuHost({ monitors: places, ...options }: QemuOptions): QemuHost {
  const files = options.files ?? realFiles()
  const linux = new LinuxHost({ files })
  const monitors = new Monitors(places, options.dial)
  const managed = {
    files,
    writes: options.writes ?? realWrites(),
    run: options.run ?? runCommand,
    state: options.stateFolder === undefined ? StateFolder.ofThisMachine() : new StateFolder(options.stateFolder),
    guests: hostGuests(monitors, files),
    ...(options.settle !== undefined && { settle: options.settle }),
  }
  return new QemuHost(linux, managed, monitors, new QemuGuests(monitors))
}

/**
 * QEMU guests that were started without libvirt, through their QMP monitors, and the Linux host whose devices they are
 * given. Guests of a libvirtd are seen, and not changed behind its back.
 *
 * @throws VirtError `no-connection` when the folder of monitors is not there
 */
export async function qemu(options: QemuOptions): Promise<Backend> {
  const host = qemuHost(options)
  const { linux, managed, monitors } = host
  await monitors.paths()
  const { recover, ...changes } = changeCalls(linux, managed)
  return backend({
    name: 'qemu',
    uri: options.uri ?? uriOf(options.monitors),
    lacks: {
      'domains.controllers': 'USB controllers are given to QEMU on its command line',
      'domains.attachController': 'USB controllers are given to QEMU on its command line',
      'domains.detachController': 'USB controllers are given to QEMU on its command line',
      'domains.shutdown': 'whoever has started a QEMU ends it',
    },
    devices: {
      ...readingCalls(linux),
      warnings: () => [...linux.warnings(), ...unfinishedChanges(managed)],
      assignability: assignabilityCall(linux, managed),
      ...changes,
      async recover(call) {
        const ended = await recover(call)
        for await (const { device, failure } of takeFromTheGone(managed, call)) {
          const report = { verb: 'unplug', devices: [device], pid: process.pid }
          ended.push({ ...report, ...(failure ? notEnded(failure) : { result: 'finished' }) })
        }
        return ended
      },
      watch: (call) => watchDevices(linux, { ...call, hints: options.files ? undefined : machineHints }),
    },
    domains: domainDriver(host),
    probe: async () => [...(await abilities(managed)), ...guestAbilities(managed)],
    async [Symbol.asyncDispose]() {
      await monitors[Symbol.asyncDispose]()
    },
  })
}

const uriOf = (places: MonitorPlaces): string => `qemu+qmp://${typeof places === 'string' ? encodeURI(places) : '/'}`
