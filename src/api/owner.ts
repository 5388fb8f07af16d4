import type { Backend, CallOptions } from '../backend.js'

/** What a handle may ask of its connection: its backend, to read the host or to change it. */
export interface Owner {
  read(options: CallOptions): Backend
  change(options: CallOptions): Backend
}
