import { type Backend, backend, type CallOptions, type Recovered } from '../../backend.js'
import { watchDevices } from '../../host/device-watch.js'
import { LinuxHost } from '../../host/linux-host.js'
import { readingCalls } from '../../host/reading-calls.js'
import { xenAbilities } from '../../manager/abilities.js'
import { assignabilityCall, changeCalls } from '../../manager/device-calls.js'
import type { ManagedHost, ToolstackMemory } from '../../manager/managed-host.js'
import { recover, unfinishedChanges } from '../../manager/recover.js'
import { type RunCommand, runCommand } from '../../os/command.js'
import { machineHints } from '../../os/device-hints.js'
import type { HostFiles } from '../../os/host-files.js'
import { realFiles } from '../../os/host-files-real.js'
import type { HostWrites } from '../../os/host-writes.js'
import { realWrites } from '../../os/host-writes-real.js'
import { StateFolder } from '../../os/state-folder.js'
import type { XenstoreClient } from '../../wire/xenstore/client.js'
import { openStore } from '../../wire/xenstore/open.js'
import { assignableCalls, xenAssignability } from './assignable.js'
import { libxlMonitor, type OpenMonitor } from './device-model.js'
import { removeWithEmptyParents } from './device-state.js'
import { domainDriver } from './domains.js'
import { giveBackFromTheGone } from './gone-guests.js'
import { GuestConfigs } from './guest-configs.js'
import { Guests } from './guests.js'
import { handOver } from './hand-over.js'
import { pciDevices } from './pci.js'
import { usbDevices } from './usb.js'
import { removeMarks } from './usb-mark.js'
import { checkVia, type Via } from './via.js'
import type { XenHost } from './xen-host.js'
import { speakingXl } from './xl.js'

/** Which Xen host, and how it is reached. */
export interface XenOptions {
  /** xenstored's socket; $XENSTORED_PATH, else the one in $XENSTORED_RUNDIR, else /run/xenstored/socket unless told. */
  store?: string
  /** Folder of the guests' xl.cfg files; `/etc/xen` unless told. */
  configs?: string
  /** Runs xl, and what else is run on the host; tests play it here. */
  run?: RunCommand
  /** dom0's files; this machine's unless told. */
  files?: HostFiles
  /** How dom0's values are changed; by this machine's kernel where its files are, too. */
  writes?: HostWrites
  /** Opens the monitor of a guest's device model; the one that libxl uses, unless told. */
  monitor?: OpenMonitor
  /** Milliseconds that the driver of a backend has for each step; 10,000 unless told, as libxl gives it. */
  patience?: number
  /** By which tool the host is changed; `auto` unless told. */
  via?: Via
  /** Where changes are recorded; /run/hostdev unless told. */
  stateFolder?: string
  /** The URI it answers to. */
  uri?: string
  /** Ends the opening. */
  signal?: AbortSignal
}

/** A Linux host's calls, but for what is Xen's own affair. */
function xenChangeCalls(host: XenHost, managed: ManagedHost) {
  const linux = changeCalls(host.devices, managed)
  return {
    ...linux,
    ...assignableCalls(host, managed, linux),
    recover: (options: CallOptions) => recoverXen(host, managed, options),
  }
}

const memoryIn = (store: XenstoreClient): ToolstackMemory => ({
  read: (path) => store.read(path),
  write: (path, value) => store.write(path, value),
  remove: (path) => store.transaction((view) => removeWithEmptyParents(view, path)),
})

/** Ends what was cut off, after which nothing in xenstore needs its mark any more, and what guests have left behind. */
async function recoverXen(host: XenHost, managed: ManagedHost, options: CallOptions): Promise<Recovered[]> {
  const ended = await recover(managed)
  if (unfinishedChanges(managed).length === 0) await removeMarks(host.store)
  return [...ended, ...(await giveBackFromTheGone(host, managed, options))]
}

/**
 * A Xen host, seen and changed from its dom0 through xenstore, as `xl` and libvirt do, and beside them.
 *
 * @throws VirtError `no-connection` when no xenstored answers
 */
export async function xen(options: XenOptions = {}): Promise<Backend> {
  const { configs: folder = '/etc/xen', uri = 'xen+xenstore:///', patience = 10_000, signal } = options
  const via = checkVia(options.via ?? 'auto')
  const run = speakingXl(options.run ?? runCommand, patience)
  const isHere = options.files === undefined
  const files = options.files ?? realFiles()
  const devices = new LinuxHost({ files, run: isHere ? run : undefined })
  const writes = options.writes ?? (isHere ? realWrites() : undefined)
  const state =
    options.stateFolder === undefined && isHere ? StateFolder.ofThisMachine() : new StateFolder(options.stateFolder)
  const store = await openStore({ path: options.store, signal })
  const edges = { store, files, monitor: options.monitor ?? libxlMonitor, patience, via, run }
  const managed = writes && { files, writes, state, run, memory: memoryIn(store), guests: handOver(edges) }
  const host: XenHost = { ...edges, devices, managed }
  const configs = new GuestConfigs(folder)
  const guests = new Guests(store, run, configs)
  return backend({
    name: 'xen',
    uri,
    lacks: {
      'domains.shutdown': 'xl shutdown does that, and gives devices back by itself',
      'domains.attachInterface': 'Xen has no such thing: detach it with { network }, then give it as a host device',
    },
    devices: {
      ...readingCalls(devices),
      warnings: () => [...devices.warnings(), ...unfinishedChanges({ files, state })],
      assignability: xenAssignability(host, assignabilityCall(devices, managed ?? { files, state })),
      ...(managed && xenChangeCalls(host, managed)),
      watch: (call) => watchDevices(devices, { ...call, hints: isHere ? machineHints : undefined }),
    },
    domains: domainDriver({ host, guests, configs, kinds: [usbDevices(host), pciDevices(host)] }),
    probe: async () => (managed ? xenAbilities(managed) : []),
    async [Symbol.asyncDispose]() {
      store.close()
    },
  })
}
