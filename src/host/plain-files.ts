import { Denied, type HostFiles } from '../os/host-files.js'
import { decodeText, lastStep } from './text.js'

/** Text of a small file, without the line's end; `undefined` when it cannot be had. */
export function textOf(files: HostFiles, path: string): string | undefined {
  const bytes = files.bytes(path)
  return bytes instanceof Denied ? undefined : decodeText(bytes).trim()
}

/** Lines of a file of at most a megabyte, as those of /proc; none when it cannot be had. */
export function linesOf(files: HostFiles, path: string): string[] {
  const bytes = files.bytes(path, 1024 * 1024)
  return bytes instanceof Denied ? [] : decodeText(bytes).split('\n').filter(Boolean)
}

/** Names in a folder, sorted; none when it cannot be had. */
export function namesIn(files: HostFiles, folder: string): string[] {
  const names = files.list(folder)
  return names instanceof Denied ? [] : names.sort()
}

/** Last step of where a link leads: the name of a driver, a group, a device. */
export function linkName(files: HostFiles, path: string): string | undefined {
  const target = files.link(path)
  return target instanceof Denied ? undefined : lastStep(target)
}

export const exists = (files: HostFiles, path: string): boolean => !(files.stat(path) instanceof Denied)

/** A path with its links resolved; `undefined` when it leads nowhere. */
export function realPath(files: HostFiles, path: string): string | undefined {
  const real = files.real(path)
  return real instanceof Denied ? undefined : real
}

/** Identifies this run of the kernel: nothing that was done to a host's drivers outlives it. */
export const bootId = (files: HostFiles): string => textOf(files, '/proc/sys/kernel/random/boot_id') ?? ''
