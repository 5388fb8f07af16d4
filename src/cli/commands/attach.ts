import { InvalidArgumentError } from 'commander'
import {
  type AffectOptions,
  type Connection,
  type Domain,
  type HostdevDef,
  type HostdevInterface,
  hostdev,
  VirtError,
} from '../../index.js'
import type { AddCommand } from '../cli.js'
import { hostdevLine } from '../hostdev-line.js'
import { printable, type Terminal } from '../terminal.js'
import { wantedDevice } from '../wanted-device.js'

/** Which of a guest's configurations is meant. */
interface AffectFlags {
  live?: boolean
  config?: boolean
}

/** What the card is to say of a virtual function for as long as the guest has it. */
interface CardFlags {
  mac?: string
  vlan?: number
}

/** How what a guest has is shown. */
interface ShowFlags extends AffectFlags {
  xml?: boolean
  json?: boolean
}

/**
 * `hostdev attach`, `detach`, `hostdevs` and `shutdown`: devices that guests get, give back,
 * have, and leave to the host.
 */
export const addGuestDevices: AddCommand = ({ root, read, change, out }) => {
  const command = (name: string, description: string) =>
    root
      .command(name)
      .description(description)
      .argument('<domain>', 'the guest, by its name or UUID')
      .option('--live', 'the guest as it runs')
      .option('--config', 'the guest as it will be started next')

  command('attach', 'give a guest devices of the host: all of them or none')
    .argument('<device...>', `${devices}, or a file with the XML of a hostdev or an interface (- is standard input)`)
    .option('--mac <address>', 'the hardware address that the card gives a virtual function for the guest')
    .option('--vlan <number>', 'the VLAN that the card puts its frames into; 0 for none', vlan)
    .option('--xml', 'print them as the guest has them')
    .option('--json', 'the same as JSON')
    .action((domain: string, words: string[], flags: ShowFlags & CardFlags) =>
      change((conn) => attach(conn, domain, words, flags, out)),
    )
  command('detach', 'take devices back from a guest, and wait until it has let go')
    .argument('<device...>', `an alias such as hostdev0, ${devices}, or a file with XML`)
    .option('--timeout <seconds>', 'how long a running guest has to let go', Number)
    .action((domain: string, words: string[], flags: AffectFlags & { timeout?: number }) =>
      change((conn) => detach(conn, domain, words, flags, out)),
    )
  command('hostdevs', 'show the host devices of a guest')
    .option('--xml', "as libvirt's XML")
    .option('--json', 'as JSON')
    .action((domain: string, flags: ShowFlags) => read((conn) => hostdevs(conn, domain, flags, out)))
  root
    .command('shutdown')
    .description(
      'have a guest stop, such that the host keeps its devices: the interfaces of a container come back first',
    )
    .argument('<domain>', 'the guest, by its name or UUID')
    .action((domain: string) => change((conn) => shutdown(conn, domain, out)))
}

async function shutdown(conn: Connection, name: string, { write }: Terminal): Promise<void> {
  await (await conn.lookupDomain(name)).shutdown()
  write(`${printable(name)} is being shut down\n`)
}

const devices = 'a name as `hostdev list` shows it, 1cbe:0002, 0000:02:00.0, a USB port 1-1.2, a UUID'

const affected = ({ live = false, config = false }: AffectFlags): AffectOptions => ({
  ...(live && { live }),
  ...(config && { config }),
})

async function attach(
  conn: Connection,
  name: string,
  words: readonly string[],
  { mac, vlan, ...flags }: ShowFlags & CardFlags,
  out: Terminal,
): Promise<void> {
  const guest = await conn.lookupDomain(name)
  if (mac === undefined && vlan === undefined) {
    const wanted = await Promise.all(words.map(wantedDevice))
    show(await guest.attachHostdevs(wanted, affected(flags)), flags, out)
  } else show([await guest.attachHostdev(await cardInterface(conn, words, { mac, vlan }), affected(flags))], flags, out)
}

/** A virtual function as an interface of type hostdev. @throws VirtError `invalid-argument` for what is none */
async function cardInterface(
  conn: Connection,
  [word = '', ...others]: readonly string[],
  { mac, vlan }: { mac: string | undefined; vlan: number | undefined },
): Promise<HostdevInterface> {
  const wanted = await wantedDevice(word)
  if (others.length > 0 || typeof wanted === 'string')
    throw new VirtError(
      'invalid-argument',
      '--mac and --vlan are for one device of the host; say more in an <interface>',
    )
  const device = await conn.resolve(wanted)
  const { hostdev: def } = await device.toHostdev()
  if (def.kind !== 'pci')
    throw new VirtError(
      'invalid-argument',
      `${device.name} is no virtual function of a network card; leave out --mac and --vlan`,
      { device: device.name },
    )
  return {
    kind: 'hostdev',
    managed: true,
    ...(mac !== undefined && { mac: { address: mac } }),
    source: { kind: 'pci', ...def.source },
    ...(vlan !== undefined && vlan > 0 && { vlan: { tags: [{ id: vlan }] } }),
  }
}

/** The number of a VLAN on the command line. */
function vlan(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 4095) return Number(text)
  throw new InvalidArgumentError('It is a number from 1 to 4095, or 0 for none.')
}

async function detach(
  conn: Connection,
  name: string,
  words: readonly string[],
  { timeout, ...flags }: AffectFlags & { timeout?: number },
  { write }: Terminal,
): Promise<void> {
  const guest = await conn.lookupDomain(name)
  const options = affected(flags)
  const targets = await Promise.all(words.map((word) => target(guest, word, options)))
  await guest.detachHostdevs(targets, { ...options, ...(timeout !== undefined && { timeout: timeout * 1000 }) })
  for (const word of words) write(`${printable(word)} detached\n`)
}

/**
 * A word that is the alias of a device of the guest, or can be nothing else, means that; any
 * other a device of the host.
 */
async function target(guest: Domain, word: string, options: AffectOptions) {
  if (/^(hostdev\d+|ua-[\w-]+)$/.test(word)) return { alias: word }
  const has = (await guest.hostdevs(options)).some((def) => 'alias' in def && def.alias === word)
  return has ? { alias: word } : await wantedDevice(word)
}

async function hostdevs(conn: Connection, name: string, flags: ShowFlags, out: Terminal): Promise<void> {
  const guest = await conn.lookupDomain(name)
  show(await guest.hostdevs(affected(flags)), flags, out)
}

function show(defs: readonly HostdevDef[], { xml, json }: ShowFlags, { write, colour }: Terminal): void {
  if (json) write(`${JSON.stringify(defs, null, 2)}\n`)
  else for (const def of defs) write(xml ? hostdev.format(def) : `${hostdevLine(def, colour)}\n`)
}
