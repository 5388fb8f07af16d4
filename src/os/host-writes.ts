import type { Answer } from './host-files.js'

/** What bounds a write, and what it holds on to. */
export interface WriteOptions {
  /** Milliseconds after which the answer is `pending`; 10,000 unless told. */
  readonly timeout?: number | undefined
  /** Descriptor of this process that the write keeps open until it ends: that of a lock. */
  readonly keeping?: number | undefined
}

/** How a write has gone on: the kernel has taken the value, or is still at it. */
export type WriteEnd = 'done' | 'pending'

/**
 * How the values of a Linux host are changed: the counterpart of `HostFiles`. Every write goes to a file that is there,
 * as one write(2), and only to values below /sys: nothing is created or cut short.
 *
 * Taking a driver from a device can last until whoever uses it lets go, and no signal ends that. A time limit therefore
 * cancels nothing: after `pending` the value is still on its way, other writes to the device wait behind it, and the
 * descriptor in `keeping` stays open until it has arrived.
 */
export interface HostWrites {
  /** Whether this user may write a value: `EACCES` when not, `EROFS` where /sys is mounted read-only. */
  allowed(path: string): Answer<true>
  /** Writes a value. */
  write(path: string, value: string, options?: WriteOptions): Promise<Answer<WriteEnd>>
  /**
   * Reads a value that cannot be had while a write to its device goes on, such as a PCI device's `driver_override`;
   * `ETIMEDOUT` after 2 seconds.
   */
  read(path: string): Promise<Answer<string>>
}
