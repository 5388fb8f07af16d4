import type { Action } from './action.js'
import type { DeviceUser } from './guests.js'
import type { ManagedDevice } from './host-device.js'

/** One step of a change, and what takes it back. Either may be missing: what needs no undoing, or is undone only. */
export interface Step {
  /** Key of the device it is for. */
  readonly device: string
  readonly do?: Action
  /** Has to be right whether the step was done, half done or not begun: its goal sees to that. */
  readonly undo?: Action
}

/** What the book says of a device. Plain JSON. */
export interface DeviceRecord extends ManagedDevice {
  /** Tells the device from another that has come to its place since. */
  readonly inode: number
  /** How it was taken from its driver; the steps' reverse gives it back. */
  readonly detached?: { readonly driver: string; readonly steps: readonly Step[] }
  readonly users?: readonly DeviceUser[]
}

/** A change of a host, planned as a whole before the first step is done. Plain JSON: it is the head of its journal. */
export interface Change {
  readonly verb:
    | 'detach'
    | 'reattach'
    | 'reset'
    | 'create'
    | 'destroy'
    | 'define'
    | 'undefine'
    | 'update'
    | 'set-vfs'
    | 'attach'
    | 'unplug'
  readonly devices: readonly ManagedDevice[]
  readonly steps: readonly Step[]
  /**
   * What becomes of it when it was cut off. Both ways lead to the host having what it had before, or all that was asked
   * for; where a hypervisor has a part in it, it is asked: what it has done is finished, all else undone.
   */
  readonly recovery: 'undo' | 'finish' | 'ask'
  /** What the book says of the devices once it is done. */
  readonly records: readonly DeviceRecord[]
}

/** The same steps backwards: giving back is the reverse of taking away. */
export const reverse = (steps: readonly Step[]): Step[] =>
  [...steps].reverse().map(({ device, do: forth, undo: back }) => ({
    device,
    ...(back && { do: back }),
    ...(forth && { undo: forth }),
  }))
