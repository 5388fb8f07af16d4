import { type Backend, backend, type DomainState } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { type HostdevDef, hostdev } from '../../model/hostdev.js'
import { type NodeDeviceDef, nodeDevice } from '../../model/node-device.js'
import type { ToHostdevOptions } from '../../model/to-hostdev.js'
import type { UsbControllerDef } from '../../model/usb-controller.js'
import { deviceDriver, domainDriver } from './drivers.js'
import { Faults } from './faults.js'
import { placed } from './guest-slots.js'
import { MockHost } from './host.js'
import { Stage } from './stage.js'

/** A guest of a mock host. */
export interface MockDomain {
  name: string
  uuid?: string
  /** `running` unless told. */
  state?: DomainState
  /** What it is configured with; a running guest has it too. */
  hostdevs?: readonly (HostdevDef | string)[]
  controllers?: readonly UsbControllerDef[]
}

/** What a mock host is made of. */
export interface MockOptions {
  /** Its devices: defs, or libvirt's XML. */
  devices?: readonly (NodeDeviceDef | string)[]
  /** Its guests. */
  domains?: readonly MockDomain[]
  /** USB ports that are one socket, in pairs: `['3-2', '4-2']`. */
  companionPorts?: readonly (readonly [string, string])[]
  /** How its guests are given a device of which only a selector is known, as `NodeDevice.toHostdev` takes it. */
  proposal?: ToHostdevOptions
  /** The URI it answers to; `mock:///` unless told. */
  uri?: string
}

/** A mock host, and the stage hand who does to it what people and cables do to a real one. */
export interface MockBackend extends Backend {
  readonly stage: Stage
}

/**
 * A host in memory, for unit tests: no hardware, no root, any platform. It behaves as a real host does, its errors
 * included. What it is given is copied, and what it answers are copies.
 *
 * @throws VirtError for XML that is no device, for two devices of one name, and for names that cannot be
 */
export async function mock(options: MockOptions = {}): Promise<MockBackend> {
  const { devices = [], domains = [], companionPorts = [], proposal = {}, uri = 'mock:///' } = options
  const host = new MockHost()
  for (const device of devices)
    host.add(typeof device === 'string' ? nodeDevice.parse(device) : structuredClone(device))
  for (const [one, other] of companionPorts) host.companionPorts.set(one, other).set(other, one)
  for (const domain of domains) addGuest(host, domain)
  const faults = new Faults()
  return backend({
    name: 'mock',
    uri,
    devices: faults.watch('devices', deviceDriver(host)),
    domains: { ...faults.watch('domains', domainDriver(host)), proposal },
    lacks: { 'devices.recover': 'changes of a mock are never cut off' },
    stage: new Stage(host, faults),
    async [Symbol.asyncDispose]() {
      host.close()
    },
  })
}

function addGuest(host: MockHost, domain: MockDomain): void {
  const { name, state = 'running', hostdevs = [], controllers = [] } = domain
  if (host.guests.has(name))
    throw new VirtError('invalid-argument', `the mock host has two guests named ${name}; rename one`, { domain: name })
  const config = hostdevs.map((def) => (typeof def === 'string' ? hostdev.parse(def) : structuredClone(def)))
  const live: HostdevDef[] = []
  if (state !== 'shutoff') for (const def of config) live.push(placed(def, live))
  const number = host.guests.size + 1
  host.guests.set(name, {
    name,
    uuid: domain.uuid ?? `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    id: state === 'shutoff' ? undefined : number,
    state,
    live,
    config,
    controllers: controllers.map((controller, index) => ({ index, ...controller })),
    refusesUnplug: false,
    unplugDelay: 0,
  })
}
