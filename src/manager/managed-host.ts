import type { RunCommand } from '../os/command.js'
import type { HostFiles } from '../os/host-files.js'
import type { HostWrites } from '../os/host-writes.js'
import type { StateFolder } from '../os/state-folder.js'
import type { DeviceUser } from './book.js'
import type { ManagedDevice } from './change.js'

/** A Linux host that may be changed: how it is seen, written to and commanded, and where changes are recorded. */
export interface ManagedHost {
  readonly files: HostFiles
  readonly writes: HostWrites
  readonly run: RunCommand
  readonly state: StateFolder
  /** Whether a guest still has a device, as its hypervisor says; without it what the book says is believed. */
  readonly stillHas?: (user: DeviceUser, device: ManagedDevice) => Promise<boolean>
  /** Milliseconds that the kernel is given to show the effect of a write that it has taken; 1000 unless told. */
  readonly settle?: number
}
