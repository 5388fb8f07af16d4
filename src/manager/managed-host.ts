import type { RunCommand } from '../os/command.js'
import type { HostFiles } from '../os/host-files.js'
import type { HostWrites } from '../os/host-writes.js'
import type { StateFolder } from '../os/state-folder.js'
import type { Guests } from './guests.js'

/** The part of xenstore that a change of a host writes to, by the paths of its nodes. */
export interface ToolstackMemory {
  /** `undefined` when there is no such node. */
  read(path: string): Promise<string | undefined>
  write(path: string, value: string): Promise<void>
  /** Takes a node away, and those above it that are empty then. */
  remove(path: string): Promise<void>
}

/** A Linux host that may be changed: how it is seen, written to and commanded, and where changes are recorded. */
export interface ManagedHost {
  readonly files: HostFiles
  readonly writes: HostWrites
  readonly run: RunCommand
  readonly state: StateFolder
  /** What a hypervisor's toolstack keeps of the host, where others look for it, too: xenstore. */
  readonly memory?: ToolstackMemory
  /** The hypervisor whose guests have devices of the host; without it what the book says of them is believed. */
  readonly guests?: Guests
  /** Milliseconds that the kernel is given to show the effect of a write that it has taken; 1000 unless told. */
  readonly settle?: number
}
