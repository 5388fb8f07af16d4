import { VirtError } from '../../errors.js'
import { type FindingCode, finding } from '../../model/finding.js'
import { capabilityOf, type NodeDeviceDef, nodeDevice } from '../../model/node-device.js'
import { Faults, type MockCall } from './faults.js'
import { startGuest, stopGuest } from './guest-devices.js'
import type { MockHost } from './host.js'

/** How often a call goes wrong. */
export interface FaultOptions {
  /** So many times, then no more; always unless told. */
  times?: number
}

/**
 * The stage hand of a mock host: does what people, cables and guests do to a real one. Apart from the public API, so
 * that the code under test cannot reach it.
 */
export class Stage {
  readonly #host: MockHost
  readonly #faults: Faults

  constructor(host: MockHost, faults: Faults) {
    this.#host = host
    this.#faults = faults
  }

  /** Every call the host has seen, oldest first; for assertions. */
  get calls(): MockCall[] {
    return this.#faults.calls
  }

  /** Plugs a device in. */
  plug(device: NodeDeviceDef | string): void {
    const def = typeof device === 'string' ? nodeDevice.parse(device) : structuredClone(device)
    this.#host.add(def)
    this.#host.tell({ kind: 'created', device: def.name })
  }

  /** Pulls a device out, with all that hangs below it. Guests that had it keep an address that leads nowhere. */
  unplug(name: string): void {
    const device = this.#host.device(name)
    for (const { def } of [...this.#host.below(name), device]) {
      this.#host.devices.delete(def.name)
      this.#host.tell({ kind: 'deleted', device: def.name }, def)
    }
  }

  /** Pulls a USB device out and back into its port: it has the same name and another number on its bus. */
  replug(name: string): void {
    const { def } = this.#host.device(name)
    const below = this.#host.below(name).map((each) => each.def)
    const usb = capabilityOf(def, 'usb_device')
    this.unplug(name)
    if (usb) {
      const onBus = [...this.#host.devices.values()].map((each) => capabilityOf(each.def, 'usb_device'))
      usb.device = Math.max(usb.device, ...onBus.map((each) => (each?.bus === usb.bus ? each.device : 0))) + 1
      const digits = (number: number) => String(number).padStart(3, '0')
      if (def.devnode !== undefined) def.devnode = `/dev/bus/usb/${digits(usb.bus)}/${digits(usb.device)}`
    }
    for (const each of [def, ...below.reverse()]) this.plug(each)
  }

  /** Gives a device another name, as `ip link set name` does. */
  rename(name: string, to: string): void {
    const { def, ...state } = this.#host.device(name)
    this.#host.add({ ...def, name: to }, state)
    this.#host.devices.delete(name)
    this.#host.tell({ kind: 'deleted', device: name }, def)
    this.#host.tell({ kind: 'created', device: to })
  }

  /** Binds a device to a driver, or to none. */
  setDriver(name: string, driver: string | undefined): void {
    const { def } = this.#host.device(name)
    if (driver === undefined) delete def.driver
    else def.driver = driver
    this.#host.tell({ kind: 'driver', device: name })
  }

  /** Has somebody on the host hold a device, so that it cannot be taken from its driver; `undefined` lets go. */
  busy(name: string, by: string | undefined): void {
    this.#host.device(name).busyBy = by
  }

  /**
   * Has `device.assignability()` find something that a mock does not know of by itself:
   * `stage.find('pci_0000_00_1f_2', 'root-disk', 'holds the root file system')`.
   */
  find(name: string, code: FindingCode, message: string): void {
    const device = this.#host.device(name)
    device.found = [...(device.found ?? []), finding(code, message)]
  }

  /** Has a guest refuse to let go of devices, or be willing again. */
  refuseUnplug(domain: string, refuses = true): void {
    this.#host.guest(domain).refusesUnplug = refuses
  }

  /** Has a guest take so many milliseconds to let go of a device. */
  answerLate(domain: string, milliseconds: number): void {
    this.#host.guest(domain).unplugDelay = milliseconds
  }

  /**
   * Starts or stops a guest. One that starts has what its config says, each device found anew; where one is not
   * there it does not start.
   */
  setRunning(domain: string, running: boolean): void {
    const guest = this.#host.guest(domain)
    if (running === (guest.id !== undefined)) return
    if (running) startGuest(this.#host, guest)
    else stopGuest(this.#host, guest)
    this.#host.tellDomain({ kind: running ? 'started' : 'stopped', domain })
  }

  /** Has a call fail: `stage.fail('devices.detach', new VirtError('timeout', '…'), { times: 1 })`. */
  fail(call: string, error: Error, { times = Number.POSITIVE_INFINITY }: FaultOptions = {}): void {
    this.#faults.add(call, times, () => Promise.reject(error))
  }

  /** Has a call take so many milliseconds longer. */
  delay(call: string, milliseconds: number, { times = Number.POSITIVE_INFINITY }: FaultOptions = {}): void {
    this.#faults.add(call, times, Faults.late(milliseconds))
  }

  /** Has a call never answer, until it is aborted. */
  hang(call: string, { times = Number.POSITIVE_INFINITY }: FaultOptions = {}): void {
    this.#faults.add(call, times, Faults.silence)
  }

  /** Changes a device's def in place: a link that goes down, a medium that is put in. */
  change(name: string, change: (def: NodeDeviceDef) => void): void {
    const { def } = this.#host.device(name)
    change(def)
    if (def.name !== name)
      throw new VirtError('invalid-argument', `${name} was renamed while it was changed; use rename()`, {
        device: name,
      })
    this.#host.tell({ kind: 'updated', device: name })
  }
}
