import { readFileSync } from 'node:fs'
import { type FleetHost, VirtError } from '../index.js'

/**
 * The hosts that a file names: one in a line, as `URI` or `NAME URI`; `#` begins a comment. `-` is standard input.
 *
 * @throws VirtError `system` when it cannot be read, `invalid-argument` with the line that is none
 */
export function readHosts(path: string): FleetHost[] {
  const hosts: FleetHost[] = []
  for (const [index, line] of textOf(path).split('\n').entries()) {
    const [first, second, ...more] = line
      .replace(/(^|\s)#.*/, '')
      .trim()
      .split(/\s+/)
    if (!first) continue
    if (more.length > 0)
      throw new VirtError('invalid-argument', `${path}, line ${index + 1}: write a URI, or a name and a URI`, {
        path,
        line: index + 1,
      })
    hosts.push(second === undefined ? first : { name: first, open: () => second })
  }
  if (hosts.length === 0)
    throw new VirtError('invalid-argument', `${path} names no host; write one in each line`, { path })
  return hosts
}

function textOf(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException
    throw new VirtError('system', `${path} cannot be read (${code})`, { path, errno: code, cause })
  }
}
