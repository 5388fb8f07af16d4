import { type Backend, backend } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { watchDevices } from '../../host/device-watch.js'
import { LinuxHost } from '../../host/linux-host.js'
import { readingCalls } from '../../host/reading-calls.js'
import { type RunCommand, runCommand } from '../../os/command.js'
import type { HostFiles } from '../../os/host-files.js'
import { realFiles } from '../../os/host-files-real.js'
import { Containers } from './containers.js'
import { domainDriver } from './domains.js'

/** Which OpenVZ host, and how it is reached. */
export interface OpenvzOptions {
  /** Folder of the containers' configs; `/etc/vz/conf` unless told. */
  configs?: string
  /** Runs vzctl and vzlist; tests play them here. */
  run?: RunCommand
  /** The host's files; this machine's unless told. */
  files?: HostFiles
  /** The URI it answers to. */
  uri?: string
}

/**
 * An OpenVZ host: its devices as Linux has them, and containers that are given logical devices, network interfaces
 * above all: what the mail of July 2008 promises for `<hostdev mode='capability'>`, and libvirt never built.
 *
 * Running containers are changed through vzctl, configs by editing them in place; without vzctl only configs can be.
 */
export async function openvz(options: OpenvzOptions = {}): Promise<Backend> {
  const { configs = '/etc/vz/conf', run = runCommand, files = realFiles(), uri = 'openvz+vzctl:///' } = options
  const host = new LinuxHost({ files })
  const containers = new Containers(configs, run)
  const hasVzctl = async (): Promise<boolean> => {
    try {
      await run(['vzctl', '--version'])
      return true
    } catch (error) {
      if (VirtError.is(error, 'unsupported')) return false
      if (VirtError.is(error, 'operation-failed')) return true
      throw error
    }
  }
  return backend({
    name: 'openvz',
    uri,
    lacks: {
      ...fromTheHost,
      'domains.controllers': 'containers have no controllers',
      'domains.attachController': 'containers have no controllers',
      'domains.detachController': 'containers have no controllers',
      'domains.watch': 'OpenVZ tells of no events',
    },
    devices: {
      ...readingCalls(host),
      watch: (call) => watchDevices(host, call),
    },
    domains: domainDriver({ containers, files, run, hasVzctl }),
    async probe() {
      const can = await hasVzctl()
      const missing = {
        reason: 'vzctl is not installed',
        remedy: 'configs can be changed; for running containers install vzctl',
      }
      return [{ call: 'domains.attach', can, ...(!can && missing) }]
    },
    async [Symbol.asyncDispose]() {},
  })
}

/** What does to devices, or says of them, what is no part of giving them to containers. */
const fromTheHost = Object.fromEntries([
  ...['detach', 'reattach', 'reset', 'assignability', 'recover'].map((call) => [
    `devices.${call}`,
    'containers share the drivers of the host; open linux:/// for them',
  ]),
  ...['create', 'destroy', 'define', 'undefine', 'start', 'setAutostart', 'update', 'setVirtualFunctions'].map(
    (call) => [`devices.${call}`, 'containers are given what is there; open linux:/// to make devices'],
  ),
])
