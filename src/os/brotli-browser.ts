import { VirtError } from '../errors.js'

// Stands in for brotli.ts where a bundler makes a page: package.json's "browser" says so.

const absent = (): VirtError =>
  new VirtError('unsupported', 'a browser has no brotli for programs; hand over the snapshot decompressed')

/** Rejects with `unsupported`. */
export const compress = (_text: string): Promise<Uint8Array> => Promise.reject(absent())

/** Rejects with `unsupported`. */
export const decompress = (_bytes: Uint8Array, _max: number): Promise<string> => Promise.reject(absent())
