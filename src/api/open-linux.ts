import type { Backend } from '../backend.js'
import { linux } from '../backends/linux.js'
import { VirtError } from '../errors.js'
import type { ConnectionUri } from '../model/uri.js'

/** Opens `linux:///`, this machine, or `linux:///?root=DIR`, the machine that a folder holds a copy of. */
export async function openLinux({ text, path, host, query }: ConnectionUri): Promise<Backend> {
  const { root, ...others } = query
  const stranger = Object.keys(others)[0]
  if ((path !== '' && path !== '/') || host !== undefined || stranger !== undefined)
    throw new VirtError('invalid-argument', `${text} is no Linux host; write linux:/// or linux:///?root=DIR`)
  return await linux(root === undefined ? {} : { root })
}
