import { errorDomains, VirtError } from '../../errors.js'
import { type ConnectionUri, libvirtTransports } from '../../model/uri.js'

/** Who asks, as far as it decides which daemon answers. */
export interface User {
  readonly root: boolean
  /** Folder of the user's sockets ($XDG_RUNTIME_DIR). */
  readonly runtime: string
  /** Folder of the user's settings ($XDG_CONFIG_HOME). */
  readonly config: string
  /** The user's own folder ($HOME). */
  readonly home: string
}

/** Where libvirt's own client would find the daemon for a URI, and what it would call the hypervisor there. */
export interface DaemonAddress {
  /** The URI as the daemon is to see it, without the way to it; empty: the daemon chooses. */
  readonly uri: string
  readonly transport: (typeof libvirtTransports)[number]
  readonly host?: string
  readonly port?: number
  readonly user?: string
  /** Unix sockets, the first of which that answers is meant; on the other host, where there is one. */
  readonly sockets: readonly string[]
  /** Whether the daemon is that of a user's session. */
  readonly session: boolean
  /** Whether only looking is wanted. */
  readonly readOnly: boolean
  /** Parameters for the way there: `keyfile`, `no_verify`, `pkipath`… */
  readonly parameters: Readonly<Record<string, string>>
}

/** Parameters that are for the client and not passed on. */
const clientParameters = [
  'name',
  'socket',
  'mode',
  'command',
  'netcat',
  'proxy',
  'auth',
  'authfile',
  'keyfile',
  'sshauth',
  'known_hosts',
  'known_hosts_verify',
  'pkipath',
  'tls_priority',
  'no_sanity',
  'no_tty',
  'no_verify',
]

/** Daemons of one hypervisor each, in the order in which libvirt tries them when the URI names none. */
const probed = { system: ['xen', 'qemu', 'lxc', 'vbox', 'bhyve', 'vz'], session: ['qemu', 'vbox'] }

const systemFolder = '/var/run/libvirt'

/** What decides about a daemon's address beside the URI. */
interface AddressOptions {
  readonly readOnly?: boolean
  /** Parameters for a URI that does not have them. */
  readonly defaults?: Readonly<Record<string, string>>
}

/**
 * Follows libvirt's rules for remote URIs (docs/uri.rst, src/remote/remote_sockets.c): which transport, which socket of
 * the one libvirtd or of the daemon of one hypervisor (virtqemud), of the system or of the session, read-only or not,
 * and what `name`, `socket` and `mode` say otherwise. Without a URI: the daemon that is there.
 *
 * @throws VirtError `invalid-argument` for what libvirt refuses
 */
export function daemonAddress(
  uri: ConnectionUri | undefined,
  user: User,
  { readOnly = false, defaults = {} }: AddressOptions = {},
): DaemonAddress {
  const transport = uri?.transport ?? (uri?.host === undefined ? 'unix' : 'tls')
  if (!isTransport(transport)) throw wrong(uri, `the transport ${transport} is none of ${libvirtTransports.join(', ')}`)
  if (transport === 'unix' && uri?.host !== undefined)
    throw wrong(uri, `a unix socket is not on another host (${uri.host}); leave out the host, or use ssh`)

  const { driver, path = '', query = {}, host, port, user: login } = uri ?? {}
  const parameters: Record<string, string> = Object.fromEntries(
    Object.entries({ ...defaults, ...query })
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => clientParameters.includes(name)),
  )
  const here = transport === 'unix'
  // There, it is for the other host to say whose session that is.
  const session = path === '/session' ? !here || !user.root : here && !user.root && (!uri || driver === 'test')
  const mode = modeOf(uri, parameters)
  return {
    uri: uri ? (parameters.name ?? nameOf(uri)) : '',
    transport,
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    ...(login !== undefined && { user: login }),
    sockets:
      parameters.socket === undefined
        ? socketsOf(driver, here || mode !== 'auto' ? mode : 'legacy', session ? user : undefined, readOnly)
        : [parameters.socket],
    session,
    readOnly,
    parameters,
  }
}

const isTransport = (word: string): word is DaemonAddress['transport'] =>
  (libvirtTransports as readonly string[]).includes(word)

/** The URI without the way to the daemon. */
function nameOf({ driver, path, query }: ConnectionUri): string {
  const rest = Object.entries(query).filter(([name]) => !clientParameters.includes(name.toLowerCase()))
  const parameters = rest.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
  return `${driver}://${encodeURI(path)}${parameters === '' ? '' : `?${parameters}`}`
}

type Mode = 'auto' | 'legacy' | 'direct'

function modeOf(uri: ConnectionUri | undefined, { mode = 'auto' }: Readonly<Record<string, string>>): Mode {
  if (mode !== 'auto' && mode !== 'legacy' && mode !== 'direct')
    throw wrong(uri, `mode is ${mode}; it is auto, legacy or direct`)
  return mode
}

function socketsOf(driver: string | undefined, mode: Mode, user: User | undefined, readOnly: boolean): string[] {
  const folder = user ? `${user.runtime}/libvirt` : systemFolder
  // A session has no read-only sockets.
  const kind = readOnly && !user ? 'sock-ro' : 'sock'
  const drivers = driver === undefined ? probed[user ? 'session' : 'system'] : [driver]
  const direct = mode === 'legacy' ? [] : drivers.map((each) => `virt${each}d`)
  const legacy = mode === 'direct' ? [] : ['libvirt']
  return [...direct, ...legacy].map((daemon) => `${folder}/${daemon}-${kind}`)
}

/**
 * Whether a parameter such as `no_verify` is set: a number other than 0.
 *
 * @throws VirtError `invalid-argument` for what is no number
 */
export function flagOf({ parameters, uri }: DaemonAddress, name: string): boolean {
  const value = parameters[name] ?? '0'
  if (!/^-?\d{1,9}$/.test(value))
    throw new VirtError('invalid-argument', `${uri}: ${name} is ${value.slice(0, 100)}; it is 0 or 1`, {
      errorDomain: errorDomains.uri,
    })
  return Number(value) !== 0
}

const wrong = (uri: ConnectionUri | undefined, problem: string): VirtError =>
  new VirtError('invalid-argument', `${uri?.text.slice(0, 200)}: ${problem}`, { errorDomain: errorDomains.uri })
