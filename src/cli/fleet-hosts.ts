import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import { type FleetHost, type FleetOptions, VirtError } from '../index.js'

/** What a command that takes several hosts was asked for. */
export interface FleetFlags {
  hosts?: string
  timeout?: number
  concurrency?: number
}

/** Gives a command the options for several hosts. */
export const withHosts = (command: Command): Command =>
  command
    .option('--hosts <file>', 'of the hosts in that file too: a URI, or a name and a URI, in each line')
    .option('--timeout <seconds>', 'how long one of several hosts may keep the others waiting; 30 unless told', amount)
    .option('--concurrency <number>', 'how many of several hosts are asked at a time; 32 unless told', amount)

/** The hosts that a command was given; `undefined` when it is for a single one. */
export function severalHosts(named: readonly string[], { hosts }: FleetFlags): FleetHost[] | undefined {
  if (hosts !== undefined) return [...named, ...readHosts(hosts)]
  return named.length > 1 ? [...named] : undefined
}

/** How the hosts are asked. */
export const fleetOptions = ({ timeout, concurrency }: FleetFlags): Pick<FleetOptions, 'timeout' | 'concurrency'> => ({
  ...(timeout !== undefined && { timeout: timeout * 1000 }),
  ...(concurrency !== undefined && { concurrency }),
})

/** A number above 0 on the command line. */
function amount(text: string): number {
  const value = Number(text)
  if (value > 0 && Number.isFinite(value)) return value
  throw new InvalidArgumentError('It is a number above 0.')
}

/**
 * The hosts that a file names: one in a line, as `URI` or `NAME URI`; `#` begins a comment. `-` is standard input.
 *
 * @throws VirtError `system` when it cannot be read, `invalid-argument` with the line that is none
 */
function readHosts(path: string): FleetHost[] {
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
