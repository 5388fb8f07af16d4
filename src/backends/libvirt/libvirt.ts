import type { Limits } from '../../async/deadline.js'
import { type Ability, type Backend, backend } from '../../backend.js'
import { type ConnectionUri, parseUri } from '../../model/uri.js'
import { realFiles } from '../../os/host-files-real.js'
import type { KeepAliveOptions } from '../../wire/libvirt-rpc/keep-alive.js'
import { openConnection } from '../../wire/libvirt-rpc/open.js'
import { type ProcedureName, procedures } from '../../wire/libvirt-rpc/procedures.js'
import { storedLogin } from './auth-file.js'
import { type DaemonAddress, daemonAddress, type User } from './daemon-address.js'
import { type ClientSettings, clientSettings, defaultUri } from './default-uri.js'
import { deviceDriver } from './devices.js'
import { type Dial, dialAs } from './dial.js'
import { domainDriver } from './domains.js'
import { Session } from './session.js'

/** Who logs in. */
export interface Login {
  user?: string
  password?: string
}

/** Which libvirtd, and how to get there. */
export interface LibvirtOptions {
  /** A URI of libvirt's; `libvirt:`, its own default, unless told. */
  uri?: string
  /** Have libvirtd itself refuse every change; it may ask less of a user who only looks. */
  readOnly?: boolean
  /**
   * Who logs in where libvirtd asks for a user and password (SASL). What is not said here comes from the URI
   * (`qemu+tls://ann@host/system`) and from libvirt's auth.conf.
   */
  login?: Login
  /** False: ssh does not ask for a password on the terminal, as `no_tty=1` in the URI. */
  interactive?: boolean
  /** Makes the stream to the daemon, in place of the ways that are built in. */
  dial?: Dial
  /**
   * Open a connection again that was lost, with the next call; watches go on, and tell what they missed. Calls under
   * way fail nevertheless: whether they were carried out is not known.
   */
  reconnect?: boolean
  /** Milliseconds for each call; two minutes unless told. */
  timeout?: number
  /** How a libvirtd that no longer answers is noticed; false: not at all. */
  keepAlive?: KeepAliveOptions | false
  /** Ends the opening. */
  signal?: AbortSignal
}

/** What takes a libvirt newer than others, by the procedure that does it. */
const newer: Readonly<Record<string, ProcedureName>> = {
  'devices.define': 'nodeDeviceDefineXml',
  'devices.undefine': 'nodeDeviceUndefine',
  'devices.start': 'nodeDeviceCreate',
  'devices.setAutostart': 'nodeDeviceSetAutostart',
  'devices.update': 'nodeDeviceUpdate',
  'devices.detach': 'nodeDeviceDetachFlags',
  'devices.watch': 'connectNodeDeviceEventRegisterAny',
  'domains.watch': 'connectDomainEventCallbackRegisterAny',
}

/**
 * A libvirtd, spoken to in its own protocol: any hypervisor it drives, and its node devices. URIs mean what they mean
 * to libvirt; `libvirt:` is $LIBVIRT_DEFAULT_URI, else `uri_default` of libvirt.conf, else the daemon that is there.
 *
 * @throws VirtError `no-connection` when no daemon answers, `auth-failed` when it refuses the user, `invalid-argument`
 * for what is no such URI, and what the daemon says when it cannot open the hypervisor
 */
export async function libvirt(options: LibvirtOptions = {}): Promise<Backend> {
  const { readOnly = false, reconnect = false, interactive = true, signal, timeout, keepAlive } = options
  const user = thisUser()
  const { dial = dialAs(user) } = options
  const given = parseUri(options.uri ?? 'libvirt:')
  const settings = clientSettings(realFiles(), user)
  const meant = meantBy(given, settings)
  const found = daemonAddress(meant, user, { readOnly, defaults: settings.defaults })
  const address = interactive ? found : { ...found, parameters: { ...found.parameters, no_tty: '1' } }
  const { uri, parameters } = address
  const credentials = async () => credentialsFor(address, user, options.login)
  const how = { uri, readOnly, timeout, keepAlive, auth: parameters.auth, credentials }
  const open = async (limits: Limits) => await openConnection(await dial(address, limits), { ...how, ...limits })

  // The signal is for this opening, not for one that a lost connection makes necessary later.
  const session = await Session.begin(await open({ signal }), () => open({}), reconnect)
  return backend({
    name: 'libvirt',
    uri: meant ? meant.text : (await session.call('connectGetUri', {}, {})).uri,
    devices: deviceDriver(session),
    domains: domainDriver(session),
    lacks: Object.fromEntries(
      ['setVirtualFunctions', 'assignability', 'recover'].map((call) => [
        `devices.${call}`,
        'libvirt has no call for that; ask linux:/// on that host',
      ]),
    ),
    probe: async () => abilities(session),
    async [Symbol.asyncDispose]() {
      session.close()
    },
  })
}

/** The URI that another stands for; `undefined`: whatever daemon is there. */
function meantBy(given: ConnectionUri, settings: ClientSettings): ConnectionUri | undefined {
  return given.driver === 'libvirt' ? defaultUri(given, settings, process.env.LIBVIRT_DEFAULT_URI || undefined) : given
}

/** What is said, else what the URI and auth.conf say; a stored password is for the user it is stored with. */
function credentialsFor(address: DaemonAddress, user: User, { user: said, password }: Login = {}) {
  const { host = 'localhost', parameters } = address
  const named = parameters.authfile ?? (process.env.LIBVIRT_AUTH_FILE || undefined)
  const stored = storedLogin(realFiles(), user, host, named)
  const name = said ?? address.user ?? stored.user
  const secret = password ?? ((stored.user ?? name) === name ? stored.password : undefined)
  return name === undefined || secret === undefined ? undefined : { user: name, password: secret }
}

function thisUser(): User {
  const { HOME = '/', XDG_CACHE_HOME = `${HOME}/.cache`, XDG_RUNTIME_DIR, XDG_CONFIG_HOME } = process.env
  return {
    root: process.geteuid?.() === 0,
    runtime: XDG_RUNTIME_DIR || XDG_CACHE_HOME,
    config: XDG_CONFIG_HOME || `${HOME}/.config`,
    home: HOME,
  }
}

function abilities(session: Session): Ability[] {
  return Object.entries(newer).map(([call, procedure]): Ability => {
    if (session.has(procedure)) return { call, can: true }
    return {
      call,
      can: false,
      reason: `this libvirtd is older than ${procedures[procedure].since}`,
      remedy: 'update libvirt',
    }
  })
}
