import { readFile } from 'node:fs/promises'
import { type Connection, type FollowEvent, parseFollowRules, VirtError } from '../../index.js'
import type { AddCommand } from '../cli.js'
import { printable, type Terminal } from '../terminal.js'

/** What `hostdev follow` was asked for. */
interface FollowFlags {
  file: string
  release?: boolean
  json?: boolean
  check?: boolean
}

/** `hostdev follow`: keeps devices with guests, by a file of rules, until it is interrupted. */
export const addFollow: AddCommand = ({ root, change, out }) => {
  root
    .command('follow')
    .description('keep devices with guests, at each replug and restart, by a file of rules')
    .requiredOption('-f, --file <file>', 'the rules, as JSON')
    .option('--release', 'take the devices from the guests at the end')
    .option('--check', 'only say whether the rules can be read')
    .option('--json', 'a JSON object a line')
    .action(async (flags: FollowFlags) => {
      const rules = parseFollowRules(await read(flags.file))
      if (flags.check) out.write(`${rules.length} rules\n`)
      else await change((conn) => follow(conn, rules, flags, out))
    })
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO'
    throw new VirtError('system', `${file} cannot be read (${errno})`, { path: file, errno, cause })
  }
}

async function follow(
  conn: Connection,
  rules: ReturnType<typeof parseFollowRules>,
  { release = false, json = false }: FollowFlags,
  { write, colour }: Terminal,
): Promise<void> {
  const events = await conn.follow(rules, { release })
  // what systemd and Ctrl-C send ends it in order, so that nothing is left half done
  const end = () => void events[Symbol.asyncDispose]()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)
  try {
    for await (const event of events)
      write(json ? `${toJson(event)}\n` : `${colour.bold(event.kind.padEnd(9))} ${printable(inWords(event))}\n`)
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end)
  }
}

function toJson(event: FollowEvent): string {
  if (event.kind !== 'failed') return JSON.stringify(event)
  const { code, message } = event.error
  return JSON.stringify({ ...event, error: { code, message } })
}

function inWords(event: FollowEvent): string {
  const { domain, device = '' } = event
  switch (event.kind) {
    case 'attached':
      return `${device} to ${domain}${event.already ? ', which had it' : ''}`
    case 'detached':
      return `${device} from ${domain}: ${event.reason}`
    case 'waiting':
      return `${domain}: for a ${event.for}${event.candidates ? ` of ${event.candidates.join(', ')}` : ''}`
    case 'paused':
      return `${device} comes and goes too often; ${domain} gets it in ${event.milliseconds} ms`
    case 'failed':
      return `${domain}: ${event.error.message}${event.retryIn === undefined ? '' : `; again in ${event.retryIn} ms`}`
  }
}
