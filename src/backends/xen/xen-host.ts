import type { CallOptions } from '../../backend.js'
import type { LinuxHost } from '../../host/linux-host.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import type { HostdevDef, HostdevKind } from '../../model/hostdev.js'
import type { RunCommand } from '../../os/command.js'
import type { HostFiles } from '../../os/host-files.js'
import type { XenstoreClient } from '../../wire/xenstore/client.js'
import type { OpenMonitor } from './device-model.js'
import type { RunningGuest } from './guests.js'
import type { Via } from './via.js'

/** What the parts of this backend work with: a dom0 and its xenstored. */
export interface XenHost {
  readonly store: XenstoreClient
  /** Runs `xl`, and makes codes of what that says. */
  readonly run: RunCommand
  readonly files: HostFiles
  readonly devices: LinuxHost
  /** How the dom0 is changed; absent where it is a copy that cannot be. */
  readonly managed: ManagedHost | undefined
  readonly monitor: OpenMonitor
  readonly via: Via
  /** Milliseconds that a backend has for each step. */
  readonly patience: number
}

/** One kind of device that a running guest can be given: where xenstore has it, how it comes and how it goes. */
export interface DeviceKind {
  readonly kind: HostdevKind
  /** Those that a guest has, each with the alias by which it is told from the others. */
  list(guest: RunningGuest, options: CallOptions): Promise<HostdevDef[]>
  /** Gives it some that it has not, as one change. Answers with the defs as the guest has them. */
  attach(guest: RunningGuest, defs: readonly HostdevDef[], options: CallOptions): Promise<HostdevDef[]>
  /** Takes back some that {@link list} has answered, as one change, and ends when that is done. */
  detach(guest: RunningGuest, defs: readonly HostdevDef[], options: CallOptions): Promise<void>
}
