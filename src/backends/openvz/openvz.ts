import { type Ability, type Backend, backend } from '../../backend.js'
import { watchDevices } from '../../host/device-watch.js'
import { LinuxHost } from '../../host/linux-host.js'
import { readingCalls } from '../../host/reading-calls.js'
import { assignabilityCall } from '../../manager/device-calls.js'
import { recover, unfinishedChanges } from '../../manager/recover.js'
import { type RunCommand, runCommand } from '../../os/command.js'
import type { HostFiles } from '../../os/host-files.js'
import { realFiles } from '../../os/host-files-real.js'
import { realWrites } from '../../os/host-writes-real.js'
import { StateFolder } from '../../os/state-folder.js'
import { Containers } from './containers.js'
import { domainDriver } from './domains.js'
import type { OpenvzParts } from './openvz-parts.js'
import { RunningConfig } from './running-config.js'
import { lostInterfaces } from './stop.js'
import { explaining, probeVzctl, type Vzctl } from './vzctl.js'

/** Which OpenVZ host, and how it is reached. */
export interface OpenvzOptions {
  /** Folder of the containers' configs; `/etc/vz/conf` unless told. */
  configs?: string
  /** Runs vzctl, vzlist and ip; tests play them here. */
  run?: RunCommand
  /** The host's files; this machine's unless told. */
  files?: HostFiles
  /** Where changes are recorded; /run/hostdev unless told. */
  stateFolder?: string
  /** The URI it answers to. */
  uri?: string
}

/**
 * An OpenVZ host: its devices as Linux has them, and containers that are given logical devices, network interfaces
 * above all: what the mail of July 2008 promises for `<hostdev mode='capability'>`, and libvirt never built.
 *
 * Running containers are changed through vzctl, of either generation; configs by editing them in place, for which no
 * vzctl is needed.
 */
export async function openvz(options: OpenvzOptions = {}): Promise<Backend> {
  const { configs = '/etc/vz/conf', files = realFiles(), uri = 'openvz+vzctl:///' } = options
  const isHere = options.files === undefined
  const run = explaining(options.run ?? runCommand)
  const state =
    options.stateFolder === undefined && isHere ? StateFolder.ofThisMachine() : new StateFolder(options.stateFolder)
  const managed = { files, writes: realWrites(), state, run }
  const host = new LinuxHost({ files })

  let known: Promise<Vzctl | undefined> | undefined
  const parts: OpenvzParts = {
    containers: new Containers(configs, run),
    running: new RunningConfig(managed),
    host: managed,
    async vzctl(signal) {
      known ??= probeVzctl(run, signal)
      try {
        return await known
      } catch (error) {
        // what has failed or was aborted may work the next time
        known = undefined
        throw error
      }
    },
  }
  return backend({
    name: 'openvz',
    uri,
    lacks,
    devices: {
      ...readingCalls(host),
      warnings: () => [...host.warnings(), ...unfinishedChanges(managed), ...lostInterfaces(managed)],
      assignability: (names, call) => assignabilityCall(host, managed)(names, { for: 'openvz', ...call }),
      recover: async () => await recover(managed),
      watch: (call) => watchDevices(host, call),
    },
    domains: domainDriver(parts),
    probe: async ({ signal }) => abilitiesOf(await parts.vzctl(signal)),
    async [Symbol.asyncDispose]() {},
  })
}

const lacks = {
  'domains.attachInterface': 'containers are given interfaces by their names on the host, as they are',
  'domains.controllers': 'containers have no controllers',
  'domains.attachController': 'containers have no controllers',
  'domains.detachController': 'containers have no controllers',
  'domains.watch': 'OpenVZ tells of no events',
  ...Object.fromEntries([
    ...['detach', 'reattach', 'reset'].map((call) => [
      `devices.${call}`,
      'containers share the drivers of the host; open linux:/// for them',
    ]),
    ...['create', 'destroy', 'define', 'undefine', 'start', 'setAutostart', 'update', 'setVirtualFunctions'].map(
      (call) => [`devices.${call}`, 'containers are given what is there; open linux:/// to make devices'],
    ),
  ]),
}

/** What this vzctl can do; configs can be changed without one. */
function abilitiesOf(vzctl: Vzctl | undefined): Ability[] {
  if (!vzctl)
    return ['domains.attach', 'domains.detach'].map((call) => ({
      call,
      can: false,
      reason: 'vzctl is not installed, so running containers cannot be changed',
      remedy: 'install vzctl; configs can be changed without it',
    }))
  const old = { reason: `vzctl ${vzctl.version.text} gives containers no PCI devices`, remedy: 'install a newer vzctl' }
  return [
    { call: 'domains.attach', can: true },
    { call: 'domains.detach', can: true },
    ...(vzctl.hasPci ? [] : [{ call: 'domains.attach', can: false, ...old }]),
  ]
}
