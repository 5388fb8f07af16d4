import { VirtError } from '../errors.js'
import type { FileLock } from '../os/lock.js'
import type { StateFolder } from '../os/state-folder.js'
import type { ManagedDevice } from './change.js'

/** The locks of the devices that one change is about. */
export class DeviceLocks implements Disposable {
  readonly #locks: ReadonlyMap<string, FileLock>

  private constructor(locks: ReadonlyMap<string, FileLock>) {
    this.#locks = locks
  }

  /**
   * Takes the locks of all, or of none.
   *
   * @param what - what is done under them, for others to read: `detach by hostdev`
   * @throws VirtError `resource-busy`, saying who has one of them
   */
  static async take(state: StateFolder, devices: readonly ManagedDevice[], what: string): Promise<DeviceLocks> {
    const locks = new Map<string, FileLock>()
    const taken = new DeviceLocks(locks)
    try {
      for (const { key, name } of devices) {
        const answer = await state.lock(`lock-${key}`, what)
        if ('heldBy' in answer) throw busy(name, answer.heldBy)
        locks.set(key, answer)
      }
      return taken
    } catch (error) {
      taken[Symbol.dispose]()
      throw error
    }
  }

  /** Descriptor of a device's lock. */
  descriptorOf(key: string): number | undefined {
    return this.#locks.get(key)?.descriptor
  }

  [Symbol.dispose](): void {
    for (const lock of this.#locks.values()) lock[Symbol.dispose]()
  }
}

function busy(name: string, holder: { pid: number; what: string } | undefined): VirtError {
  const who = holder ? `process ${holder.pid} (${holder.what})` : 'another process'
  return new VirtError(
    'resource-busy',
    `${name} is being changed by ${who}, or by a write that it has left hanging in the kernel; wait for its end`,
    { device: name },
  )
}
