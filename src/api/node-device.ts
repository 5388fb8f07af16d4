import {
  type AssignabilityOptions,
  type CallOptions,
  type ChangeOptions,
  type DefOptions,
  type DetachOptions,
  type DeviceDriver,
  type DeviceState,
  need,
  type UpdateOptions,
} from '../backend.js'
import type { VirtError } from '../errors.js'
import { listCapabilities } from '../model/device-caps.js'
import type { Assignability } from '../model/finding.js'
import type { HostStep } from '../model/host-step.js'
import { type NodeDeviceDef, nodeDevice } from '../model/node-device.js'
import { type HostdevProposal, type ToHostdevOptions, toHostdev } from '../model/to-hostdev.js'
import type { Owner } from './owner.js'
import { relativesOf } from './relatives.js'

interface DeviceOwner extends Owner {
  /** The error for a device that is gone. */
  missing(options: CallOptions): Promise<VirtError>
}

const brand = Symbol.for('hostdev.NodeDevice')

/**
 * A device of a host. The handle holds the name only; each call reads the host anew, so that it never shows a state
 * that is past. Answers to `virNodeDevice`.
 */
export class NodeDevice {
  readonly #owner: DeviceOwner

  /** @internal */
  constructor(
    /** Unique on its host: `pci_0000_00_1f_3` (`virNodeDeviceGetName`). */
    readonly name: string,
    owner: DeviceOwner,
  ) {
    this.#owner = owner
    Object.defineProperty(this, brand, { value: true })
  }

  /** All that is known of the device, as plain JSON. @throws VirtError `no-node-device` when it is gone */
  async def(options: DefOptions = {}): Promise<NodeDeviceDef> {
    const def = await this.#owner.read(options).devices.lookup(this.name, options)
    if (!def) throw await this.#owner.missing(options)
    return def
  }

  /** The same as libvirt's `<device>` document (`virNodeDeviceGetXMLDesc`). */
  async xml(options: DefOptions = {}): Promise<string> {
    return nodeDevice.format(await this.def(options), options)
  }

  /** Name of the device above it; `undefined` for `computer` (`virNodeDeviceGetParent`). */
  async parent(options: CallOptions = {}): Promise<string | undefined> {
    return (await this.def(options)).parent
  }

  /** Words for what it is, nested capabilities among them (`virNodeDeviceListCaps`, `virNodeDeviceNumOfCaps`). */
  async capabilities(options: CallOptions = {}): Promise<string[]> {
    return listCapabilities(await this.def(options))
  }

  /** Whether the device is there, or only defined (`virNodeDeviceIsActive`). */
  async isActive(options: CallOptions = {}): Promise<boolean> {
    return (await this.#state(options)).active
  }

  /** Whether it has a definition that outlives it (`virNodeDeviceIsPersistent`). */
  async isPersistent(options: CallOptions = {}): Promise<boolean> {
    return (await this.#state(options)).persistent
  }

  /** Whether it is started with the host (`virNodeDeviceGetAutostart`). */
  async autostart(options: CallOptions = {}): Promise<boolean> {
    return (await this.#state(options)).autostart
  }

  /** Has it started with the host, or not (`virNodeDeviceSetAutostart`). */
  async setAutostart(autostart: boolean, options: CallOptions = {}): Promise<void> {
    await this.#do('setAutostart', options)(this.name, autostart, options)
  }

  /** Removes a virtual device (`virNodeDeviceDestroy`). */
  async destroy(options: CallOptions = {}): Promise<void> {
    await this.#do('destroy', options)(this.name, options)
  }

  /** Forgets its definition (`virNodeDeviceUndefine`). */
  async undefine(options: CallOptions = {}): Promise<void> {
    await this.#do('undefine', options)(this.name, options)
  }

  /** Starts a defined device (`virNodeDeviceCreate`). */
  async start(options: CallOptions = {}): Promise<void> {
    await this.#do('start', options)(this.name, options)
  }

  /** Changes the device that is there, its definition, or both (`virNodeDeviceUpdate`; libvirt 10.1). */
  async update(device: NodeDeviceDef | string, options: UpdateOptions = {}): Promise<void> {
    const def = typeof device === 'string' ? nodeDevice.parse(device) : device
    await this.#do('update', options)(this.name, def, options)
  }

  /** Whether it can be given to a guest, and every reason for and against that; libvirt has no counterpart. */
  async assignability(options: AssignabilityOptions = {}): Promise<Assignability> {
    const backend = this.#owner.read(options)
    const answer = await need(backend, backend.devices, 'assignability')([this.name], options)
    const found = answer.get(this.name)
    if (!found) throw await this.#owner.missing(options)
    return found
  }

  /**
   * Takes it from its driver, so that a guest may have it (`virNodeDeviceDetachFlags`). Answers what was done, or, with
   * `dryRun`, would be; nothing for a device that is held for guests already.
   */
  async detach(options: DetachOptions = {}): Promise<HostStep[]> {
    return await this.#do('detach', options)(this.name, options)
  }

  /** Gives it back to the driver it had (`virNodeDeviceReAttach`). */
  async reattach(options: ChangeOptions = {}): Promise<HostStep[]> {
    return await this.#do('reattach', options)(this.name, options)
  }

  /** Resets it (`virNodeDeviceReset`). */
  async reset(options: ChangeOptions = {}): Promise<HostStep[]> {
    return await this.#do('reset', options)(this.name, options)
  }

  /** Has an SR-IOV device make so many virtual functions; libvirt has no counterpart. */
  async setVirtualFunctions(count: number, options: CallOptions = {}): Promise<void> {
    await this.#do('setVirtualFunctions', options)(this.name, count, options)
  }

  /**
   * The host device by which a guest is given it, and why it is that one: what `domain.attachHostdev()` takes.
   *
   * @throws VirtError `operation-unsupported` for what no guest can be given
   */
  async toHostdev(options: ToHostdevOptions & CallOptions = {}): Promise<HostdevProposal> {
    const def = await this.def(options)
    return toHostdev(def, await relativesOf(def, this.#owner.read(options).devices, options), options)
  }

  #do<K extends Change>(method: K, options: CallOptions): NonNullable<DeviceDriver[K]> {
    const backend = this.#owner.change(options)
    return need(backend, backend.devices, method)
  }

  async #state(options: CallOptions): Promise<DeviceState> {
    const { devices } = this.#owner.read(options)
    if (devices.state) return await devices.state(this.name, options)
    await this.def(options)
    return { active: true, persistent: this.name === 'computer', autostart: this.name === 'computer' }
  }
}

/** The calls that change a device. */
type Change =
  | 'setAutostart'
  | 'destroy'
  | 'undefine'
  | 'start'
  | 'update'
  | 'detach'
  | 'reattach'
  | 'reset'
  | 'setVirtualFunctions'
