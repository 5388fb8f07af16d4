import { Queue } from '../../async/queue.js'
import type { DeviceEvent, DomainEvent, DomainState } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { checkDeviceName } from '../../model/device-name.js'
import type { Finding } from '../../model/finding.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { mergeDeviceEvents, mergeDomainEvents } from '../../model/merge-events.js'
import type { NodeDeviceDef } from '../../model/node-device.js'
import type { UsbControllerDef } from '../../model/usb-controller.js'

/** A device of a mock host, and what is known of it beside its def. */
export interface MockDevice {
  def: NodeDeviceDef
  active: boolean
  persistent: boolean
  autostart: boolean
  /** What it is started as, where that is not what it is now. */
  definition?: NodeDeviceDef | undefined
  /** The driver it had before it was taken for guests. */
  formerDriver?: string | undefined
  /** Whether it was taken from its driver for the guest that has it, and goes back when the guest lets go of it. */
  managed?: boolean | undefined
  /** Who holds it, when it is busy on the host itself. */
  busyBy?: string | undefined
  /** What else speaks for or against giving it away, as the stage hand has it. */
  found?: Finding[]
}

/** A guest of a mock host. */
export interface MockGuest {
  readonly name: string
  readonly uuid: string
  id?: number | undefined
  state: DomainState
  /** What it has while it runs. */
  live: HostdevDef[]
  /** What it will be started with. */
  config: HostdevDef[]
  controllers: UsbControllerDef[]
  /** Whether it refuses to let go of devices. */
  refusesUnplug: boolean
  /** Milliseconds it takes to let go of one. */
  unplugDelay: number
}

/** The state that a mock backend's drivers share. */
export class MockHost {
  readonly devices = new Map<string, MockDevice>()
  readonly guests = new Map<string, MockGuest>()
  readonly companionPorts = new Map<string, string>()
  readonly deviceEvents = new Subscribers<DeviceEvent, NodeDeviceDef>(mergeDeviceEvents)
  readonly domainEvents = new Subscribers<DomainEvent>(mergeDomainEvents)

  /** The device of that name. @throws VirtError `no-node-device` */
  device(name: string): MockDevice {
    const device = this.devices.get(name)
    if (device) return device
    throw new VirtError('no-node-device', `${name} is not on this host; it may have been unplugged`, { device: name })
  }

  /** The guest of that name. @throws VirtError `no-domain` */
  guest(name: string): MockGuest {
    const guest = this.guests.get(name)
    if (guest) return guest
    throw new VirtError('no-domain', `there is no guest ${name}`, { domain: name })
  }

  /** Adds a device. @throws VirtError for a name that cannot be or is taken */
  add(def: NodeDeviceDef, state: Partial<Omit<MockDevice, 'def'>> = {}): MockDevice {
    checkDeviceName(def.name)
    if (this.devices.has(def.name))
      throw new VirtError('invalid-argument', `the mock host has two devices named ${def.name}; rename one`, {
        device: def.name,
      })
    const lasting = def.name === 'computer'
    const device: MockDevice = { def, active: true, persistent: lasting, autostart: lasting, ...state }
    this.devices.set(def.name, device)
    return device
  }

  /** Defs of the devices below one, nearest last, so that they can be taken away in that order. */
  below(name: string): MockDevice[] {
    const children = [...this.devices.values()].filter(({ def }) => def.parent === name)
    return children.flatMap((child) => [...this.below(child.def.name), child])
  }

  /** The running guest that has a device, by what its host devices mean. */
  holderOf(means: (def: HostdevDef) => boolean): MockGuest | undefined {
    return [...this.guests.values()].find((guest) => guest.live.some(means))
  }

  /** Tells of a device; `def` where it is gone already. */
  tell(event: DeviceEvent, def = this.devices.get(event.device)?.def): void {
    this.deviceEvents.tell(event, def)
  }

  tellDomain(event: DomainEvent): void {
    this.domainEvents.tell(event)
  }

  /** Ends every subscription. */
  close(): void {
    this.deviceEvents.close()
    this.domainEvents.close()
  }
}

/** Everybody who wants to know what happens, each with the events that are wanted. */
class Subscribers<E, About = undefined> {
  readonly #queues = new Map<Queue<E>, (event: E, about: About | undefined) => boolean>()
  readonly #merge: (events: readonly E[]) => E[]

  constructor(merge: (events: readonly E[]) => E[]) {
    this.#merge = merge
  }

  add(signal: AbortSignal | undefined, wants: (event: E, about: About | undefined) => boolean = () => true): Queue<E> {
    const queue: Queue<E> = new Queue<E>({
      merge: this.#merge,
      signal,
      close: () => void this.#queues.delete(queue),
    })
    this.#queues.set(queue, wants)
    return queue
  }

  tell(event: E, about?: About): void {
    for (const [queue, wants] of this.#queues) if (wants(event, about)) queue.push(event)
  }

  close(): void {
    for (const queue of this.#queues.keys()) queue.end()
  }
}
