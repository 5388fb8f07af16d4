import { channel } from 'node:diagnostics_channel'

/**
 * What is published where: with `subscribe('hostdev:command', …)` of `node:diagnostics_channel` a program sees what
 * this library says to the rest of the machine. Nothing is made or copied while nobody listens.
 */
export interface Diagnostics {
  /** A command that has ended or was given up: what it printed, or the failure. */
  'hostdev:command': {
    readonly argv: readonly string[]
    readonly milliseconds: number
    readonly output?: { readonly stdout: string; readonly stderr: string }
    readonly error?: unknown
  }
  /** A message to or from QEMU's monitor. */
  'hostdev:qmp': {
    readonly direction: 'sent' | 'received'
    readonly peer: string
    readonly message: unknown
  }
  /** A message to or from a libvirtd; `body` is `undefined` where its shape is not known. */
  'hostdev:rpc': {
    readonly direction: 'sent' | 'received'
    readonly peer: string
    readonly type: string
    readonly procedure: string
    readonly serial: number
    readonly body?: unknown
  }
  /** A message to or from xenstored. */
  'hostdev:xenstore': {
    readonly direction: 'sent' | 'received'
    readonly peer: string
    readonly operation: string
    readonly requestId: number
    readonly transaction: number
    readonly payload: string
  }
  /** A value written to a file of the host. */
  'hostdev:host-write': {
    readonly path: string
    readonly value: string
    /** The errno name of a write that failed. */
    readonly errno?: string
    /** It has run out of time, and goes on; a second message tells its end. */
    readonly pending?: true
  }
}

/** Held on to, since Node may lose the listeners of a channel that was collected and made again. */
const channels: { readonly [Name in keyof Diagnostics]: ReturnType<typeof channel> } = {
  'hostdev:command': channel('hostdev:command'),
  'hostdev:qmp': channel('hostdev:qmp'),
  'hostdev:rpc': channel('hostdev:rpc'),
  'hostdev:xenstore': channel('hostdev:xenstore'),
  'hostdev:host-write': channel('hostdev:host-write'),
}

/** Publishes what `make` answers, if anybody listens. */
export function publish<Name extends keyof Diagnostics>(name: Name, make: () => Diagnostics[Name]): void {
  if (channels[name].hasSubscribers) channels[name].publish(make())
}
