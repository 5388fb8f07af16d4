import { VirtError } from '../errors.js'
import { nearestNames } from '../model/device-name.js'

/** The error for a name that nothing on the host has, with the names there that are most like it. */
export function notFound(
  code: 'no-node-device' | 'no-domain',
  wanted: string,
  names: readonly string[],
  like = wanted,
): VirtError {
  const candidates = nearestNames(like, names)
  const hint = candidates.length > 0 ? `; the nearest: ${candidates.join(', ')}` : ''
  const shown = JSON.stringify(wanted.slice(0, 200)).slice(1, -1)
  const subject = code === 'no-domain' ? { domain: wanted } : { device: wanted }
  return new VirtError(code, `${shown} is not on this host${hint}`, { ...subject, candidates })
}
