import { VirtError } from '../errors.js'
import type { HeldLocks } from '../os/locks.js'
import type { StateFolder } from '../os/state-folder.js'
import type { ManagedDevice } from './host-device.js'

/** The locks of the devices that one change is about. */
export class DeviceLocks implements Disposable {
  readonly #held: HeldLocks

  private constructor(held: HeldLocks) {
    this.#held = held
  }

  /**
   * Takes the locks of all, or of none.
   *
   * @param what - what is done under them, for others to read: `detach by hostdev`
   * @throws VirtError `resource-busy`, saying who has one of them
   */
  static async take(state: StateFolder, devices: readonly ManagedDevice[], what: string): Promise<DeviceLocks> {
    const answer = await state.lock(
      devices.map(({ key }) => lockOf(key)),
      what,
    )
    if (!('heldBy' in answer)) return new DeviceLocks(answer)
    const device = devices.find(({ key }) => lockOf(key) === answer.name)
    throw busy(device?.name ?? answer.name, answer.heldBy)
  }

  /** What holds the locks on, in the hands of a child of this process. */
  get descriptor(): number {
    return this.#held.descriptor
  }

  /** Leaves a device to a child that has the descriptor and may not have ended: its lock is free when that has. */
  leave(key: string): void {
    this.#held.leave(lockOf(key))
  }

  [Symbol.dispose](): void {
    this.#held[Symbol.dispose]()
  }
}

const lockOf = (key: string): string => `lock-of-${key}`

function busy(name: string, holder: { pid: number; what: string } | undefined): VirtError {
  const who = holder ? `process ${holder.pid} (${holder.what})` : 'another process'
  return new VirtError(
    'resource-busy',
    `${name} is being changed by ${who}, or by a write that it has left hanging in the kernel; wait for its end`,
    { device: name },
  )
}
