import type { RunCommand } from '../os/command.js'
import type { HostFiles } from '../os/host-files.js'
import type { HostWrites } from '../os/host-writes.js'
import type { StateFolder } from '../os/state-folder.js'
import type { Guests } from './guests.js'

/** A Linux host that may be changed: how it is seen, written to and commanded, and where changes are recorded. */
export interface ManagedHost {
  readonly files: HostFiles
  readonly writes: HostWrites
  readonly run: RunCommand
  readonly state: StateFolder
  /** The hypervisor whose guests have devices of the host; without it what the book says of them is believed. */
  readonly guests?: Guests
  /** Milliseconds that the kernel is given to show the effect of a write that it has taken; 1000 unless told. */
  readonly settle?: number
}
