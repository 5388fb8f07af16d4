import type { Backend } from '../backend.js'
import { qemu } from '../backends/qemu/qemu.js'
import { VirtError } from '../errors.js'
import type { ConnectionUri } from '../model/uri.js'

/** Opens `qemu+qmp:///path/to/folder`, whose sockets are the monitors of guests, or `qemu+qmp:///path/to/socket`. */
export async function openQemu({ text, path, host, query }: ConnectionUri): Promise<Backend> {
  if (path === '' || path === '/' || host !== undefined || Object.keys(query).length > 0)
    throw new VirtError(
      'invalid-argument',
      `${text} names no monitor; write qemu+qmp:///path/to/socket, or the folder that has them`,
    )
  return await qemu({ monitors: path, uri: text })
}
