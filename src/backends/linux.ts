import { type Backend, backend } from '../backend.js'
import { watchDevices } from '../host/device-watch.js'
import { LinuxHost, stateOf } from '../host/linux-host.js'
import { type RunCommand, runCommand } from '../os/command.js'
import { machineHints } from '../os/device-hints.js'
import type { HostFiles } from '../os/host-files.js'
import { realFiles } from '../os/host-files-real.js'

/** Which Linux host, and how it is seen. */
export interface LinuxOptions {
  /** A folder that holds a copy of another host's /sys, /run/udev and so on; this machine's own `/` unless told. */
  root?: string
  /** The host's files, in place of a folder: `new MemoryFiles({ … })` for one made up. */
  files?: HostFiles
  /** Whether ethtool is asked for the offloads of network interfaces; it is on this machine unless told. */
  features?: boolean
  /** Milliseconds between two looks of a watch that nothing has asked for; 2000 unless told. */
  interval?: number
  /** Runs commands on the host; tests play them here. */
  run?: RunCommand
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
  return backend({
    name: 'linux',
    uri: options.uri ?? uriOf(options.root),
    devices: {
      list: (filter, call) => host.list(filter, call),
      state: async (name) => stateOf(name),
      lookup: (name, call) => host.lookup(name, call),
      lookupByKey: (key) => host.nameAt(key),
      defs: (filter, call) => host.defs(filter, call),
      warnings: () => host.warnings(),
      watch: (call) =>
        watchDevices(host, { ...call, hints: isHere ? machineHints : undefined, interval: options.interval }),
    },
    async [Symbol.asyncDispose]() {},
  })
}

const uriOf = (root = '/'): string => (root === '/' ? 'linux:///' : `linux:///?root=${encodeURIComponent(root)}`)
