/** Why a file of the host could not be had: the kernel's errno name, such as `ENOENT` or `EACCES`. */
export class Denied {
  constructor(
    readonly errno: string,
    readonly path: string,
  ) {}
}

/** What was asked for, or why it was denied. */
export type Answer<T> = T | Denied

/** What a path leads to; links are not followed. */
export interface FileStat {
  kind: 'file' | 'directory' | 'link' | 'block' | 'char' | 'other'
  /** Tells a device from another that has taken its name. */
  inode: number
  /** Bytes. */
  size: number
  /** Permission bits, as in chmod. */
  mode: number
}

/**
 * How a Linux host is seen: everything below is asked of it through this one interface, so that a recorded host, a
 * host made up for a test and the running one are the same to the rest of the library. Paths are absolute and as the
 * host itself would write them. Nothing here throws for what a host may do: a device may vanish between two calls.
 */
export interface HostFiles {
  /** Names in a folder, in no order. */
  list(path: string): Answer<string[]>
  /** The target of a symbolic link, as it is written. */
  link(path: string): Answer<string>
  /** The path with every symbolic link resolved. */
  real(path: string): Answer<string>
  stat(path: string): Answer<FileStat>
  /**
   * Bytes of a file. The array is the caller's for as long as it makes no other call: it may be reused.
   * @param max bytes to read at most; 4096 unless told, the size of a sysfs page
   * @param from where to begin; the first byte unless told
   */
  bytes(path: string, max?: number, from?: number): Answer<Uint8Array>
  /** The same for files that may block, such as a PCI device's `vpd`; the array is the caller's to keep. */
  bytesLater(path: string, max: number, options?: { signal?: AbortSignal }): Promise<Answer<Uint8Array>>
}

/** How many symbolic links the kernel follows before it answers ELOOP (path_resolution(7)). */
export const mostLinks = 40
