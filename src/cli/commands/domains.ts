import { type Connection, type Domain, type DomainInfo, type HostdevDef, VirtError } from '../../index.js'
import type { AddCommand } from '../cli.js'
import { hostdevLine } from '../hostdev-line.js'
import { printable, type Terminal } from '../terminal.js'

/** How guests are shown. */
interface DomainsFlags {
  names?: boolean
  json?: boolean
}

/** The host devices of a guest, or why these are not known. */
type Devices = { readonly hostdevs: readonly HostdevDef[] } | { readonly error: Pick<VirtError, 'code' | 'message'> }

/** What is told of a guest. */
type Guest = DomainInfo & Devices

/** `hostdev domains`: the guests of a host, and which of its devices they have. */
export const addDomains: AddCommand = ({ root, read, out }) => {
  root
    .command('domains')
    .description('show the guests, and the host devices that each of them has')
    .option('--names', 'names only')
    .option('--json', 'as JSON')
    .action((flags: DomainsFlags) => read((conn) => domains(conn, flags, out)))
}

async function domains(conn: Connection, { names, json }: DomainsFlags, out: Terminal): Promise<void> {
  const handles = await conn.listDomains()
  if (names) {
    const listed = handles.map(({ name }) => name)
    out.write(json ? `${JSON.stringify(listed, null, 2)}\n` : listed.map((name) => `${printable(name)}\n`).join(''))
    return
  }
  const guests: Guest[] = []
  for (const handle of handles) {
    const guest = await look(handle)
    if (!guest) continue
    guests.push(guest)
    if (!json) show(guest, out)
  }
  if (json) out.write(`${JSON.stringify(guests, null, 2)}\n`)
  const failed = guests.filter((guest) => 'error' in guest).map(({ name }) => name)
  if (failed.length > 0)
    throw new VirtError('operation-failed', `what ${failed.length} of ${guests.length} guests have is not known`, {
      candidates: failed,
    })
}

/** The guest as it is now; nothing when it has gone since it was listed. */
async function look(guest: Domain): Promise<Guest | undefined> {
  try {
    return { ...(await guest.info()), ...(await devicesOf(guest)) }
  } catch (error) {
    if (VirtError.is(error, 'no-domain')) return undefined
    throw error
  }
}

async function devicesOf(guest: Domain): Promise<Devices> {
  try {
    return { hostdevs: await guest.hostdevs() }
  } catch (error) {
    if (!VirtError.is(error) || error.code === 'no-domain') throw error
    const { code, message } = error
    return { error: { code, message } }
  }
}

function show(guest: Guest, { write, colour }: Terminal): void {
  const number = guest.id === undefined ? '' : `  ${guest.id}`
  write(`${colour.bold(printable(guest.name))}  ${guest.state}${number}\n`)
  if ('error' in guest) write(`  ${colour.red('error:')} ${printable(guest.error.message)}\n`)
  else for (const def of guest.hostdevs) write(`  ${hostdevLine(def, colour)}\n`)
}
