import type { CallOptions } from '../backend.js'
import { takeSnapshot } from '../host/snapshot.js'
import { compress } from '../os/brotli.js'
import { runCommand } from '../os/command.js'
import { realFiles } from '../os/host-files-real.js'

/** How a host is recorded. */
export interface SnapshotOptions extends CallOptions {
  /** Put made-up serial numbers, hardware addresses and world wide names in place of the host's. */
  scrub?: boolean
  /** A folder that holds a copy of another host's files; this machine unless told. */
  root?: string
}

/**
 * Records a host for `mock.fromSnapshot` and `mock:///path/to/file`: what listing and dumping its devices reads, as
 * JSON compressed with brotli. Root sees more than others, and so does its snapshot.
 */
export async function snapshot({ root = '/', ...options }: SnapshotOptions = {}): Promise<Uint8Array> {
  const helped = root === '/' ? { run: runCommand } : { idFiles: realFiles() }
  return await compress(await takeSnapshot(realFiles({ root }), { ...options, ...helped }))
}
