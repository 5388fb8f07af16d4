import type { Action } from './action.js'
import type { DeviceRecord } from './book.js'

/** A device that is changed. */
export interface ManagedDevice {
  /** Its bus and the kernel's name for it, `pci-0000:02:00.0`: what locks and records are called by. */
  readonly key: string
  /** Name of the node device, for messages. */
  readonly name: string
}

/** One step of a change, and what takes it back. Either may be missing: what needs no undoing, or is undone only. */
export interface Step {
  /** Key of the device it is for. */
  readonly device: string
  readonly do?: Action
  /** Has to be right whether the step was done, half done or not begun: its goal sees to that. */
  readonly undo?: Action
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
