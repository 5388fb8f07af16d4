import { type Backend, backend, optionalDeviceCalls } from '../backend.js'
import { watchDevices } from '../host/device-watch.js'
import { LinuxHost } from '../host/linux-host.js'
import { readingCalls } from '../host/reading-calls.js'
import { abilities } from '../manager/abilities.js'
import { assignabilityCall, changeCalls } from '../manager/device-calls.js'
import { unfinishedChanges } from '../manager/recover.js'
import { type RunCommand, runCommand } from '../os/command.js'
import { machineHints } from '../os/device-hints.js'
import type { HostFiles } from '../os/host-files.js'
import { realFiles } from '../os/host-files-real.js'
import type { HostWrites } from '../os/host-writes.js'
import { realWrites } from '../os/host-writes-real.js'
import { StateFolder } from '../os/state-folder.js'

/** Which Linux host, and how it is seen. */
export interface LinuxOptions {
  /** A folder that holds a copy of another host's /sys, /run/udev and so on; this machine's own `/` unless told. */
  root?: string
  /** The host's files, in place of a folder: `new MemoryFiles({ … })` for one made up. */
  files?: HostFiles
  /**
   * Whether ethtool and devlink are asked for the offloads of network interfaces; they are on this machine unless told.
   */
  features?: boolean
  /** Milliseconds between two looks of a watch that nothing has asked for; 2000 unless told, more on a large host. */
  interval?: number
  /** Runs commands on the host; tests play them here. */
  run?: RunCommand
  /** How the host's values are changed: by this machine's kernel, unless told; a copy of a host cannot be changed. */
  writes?: HostWrites
  /** Where changes are recorded; /run/hostdev for root and $XDG_RUNTIME_DIR/hostdev for others unless told. */
  stateFolder?: string
  /** The URI it answers to. */
  uri?: string
}

/**
 * A Linux host, read directly: no daemon, no root needed, though root sees more. Of another host's copy the names of
 * PCI and USB devices are this machine's where it has none.
 *
 * @throws VirtError `no-connection` when the root is no folder that can be read
 */
export async function linux(options: LinuxOptions = {}): Promise<Backend> {
  const isHere = options.files === undefined && (options.root ?? '/') === '/'
  const files = options.files ?? realFiles(options.root === undefined ? {} : { root: options.root })
  const host = new LinuxHost({
    files,
    idFiles: isHere ? undefined : realFiles(),
    run: (options.features ?? isHere) ? (options.run ?? runCommand) : undefined,
  })
  const writes = options.writes ?? (isHere ? realWrites() : undefined)
  const state =
    writes && options.stateFolder === undefined ? StateFolder.ofThisMachine() : new StateFolder(options.stateFolder)
  const managed = writes && { files, writes, state, run: options.run ?? runCommand }
  return backend({
    name: 'linux',
    uri: options.uri ?? uriOf(options.root),
    devices: {
      ...readingCalls(host),
      warnings: () => [...host.warnings(), ...unfinishedChanges({ files, state })],
      assignability: assignabilityCall(host, { files, state }),
      ...(managed && changeCalls(host, managed)),
      watch: (call) =>
        watchDevices(host, { ...call, hints: isHere ? machineHints : undefined, interval: options.interval }),
    },
    ...(managed && { probe: async () => await abilities(managed) }),
    lacks: managed ? {} : noChanges,
    async [Symbol.asyncDispose]() {},
  })
}

/** What is asked of a copy of a host by reading it. */
const reading: readonly string[] = ['lookupByKey', 'state', 'assignability', 'watch']

const noChanges = Object.fromEntries(
  optionalDeviceCalls
    .filter((call) => !reading.includes(call))
    .map((call) => [`devices.${call}`, 'a copy of a host cannot be changed']),
)

const uriOf = (root = '/'): string => (root === '/' ? 'linux:///' : `linux:///?root=${encodeURIComponent(root)}`)
