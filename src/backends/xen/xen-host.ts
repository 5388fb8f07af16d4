import type { CallOptions } from '../../backend.js'
import type { LinuxHost } from '../../host/linux-host.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import type { HostdevDef, HostdevKind } from '../../model/hostdev.js'
import type { RunCommand } from '../../os/command.js'
import type { HostFiles } from '../../os/host-files.js'
import type { XenstoreClient } from '../../wire/xenstore/client.js'
import type { RunningGuest } from './guests.js'

/** What the parts of this backend work with: a dom0 and its xenstored. */
export interface XenHost {
  readonly store: XenstoreClient
  /** Runs `xl`. */
  readonly run: RunCommand
  readonly files: HostFiles
  readonly devices: LinuxHost
  /** How the dom0 is changed; absent where it is a copy that cannot be. */
  readonly managed: ManagedHost | undefined
}

/** One kind of device that a running guest can be given: where xenstore has it, how it comes and how it goes. */
export interface DeviceKind {
  readonly kind: HostdevKind
  /** Those that a guest has, each with the alias by which it is told from the others. */
  list(guest: RunningGuest, options: CallOptions): Promise<HostdevDef[]>
  /** Gives it one; what it has already is not asked for. Answers with the def as the guest has it. */
  attach(guest: RunningGuest, def: HostdevDef, options: CallOptions): Promise<HostdevDef>
  /** Takes back one that {@link list} has answered, and ends when that is done. */
  detach(guest: RunningGuest, def: HostdevDef, options: CallOptions): Promise<void>
}
