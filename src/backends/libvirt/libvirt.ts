import type { Limits } from '../../async/deadline.js'
import { type Ability, type Backend, backend } from '../../backend.js'
import { type ConnectionUri, parseUri } from '../../model/uri.js'
import { realFiles } from '../../os/host-files-real.js'
import type { KeepAliveOptions } from '../../wire/libvirt-rpc/keep-alive.js'
import { openConnection } from '../../wire/libvirt-rpc/open.js'
import { type ProcedureName, procedures } from '../../wire/libvirt-rpc/procedures.js'
import { daemonAddress, type User } from './daemon-address.js'
import { defaultUri } from './default-uri.js'
import { deviceDriver } from './devices.js'
import { type Dial, dialUnix } from './dial.js'
import { domainDriver } from './domains.js'
import { Session } from './session.js'

/** Which libvirtd, and how to get there. */
export interface LibvirtOptions {
  /** A URI of libvirt's; `libvirt:`, its own default, unless told. */
  uri?: string
  /** Have libvirtd itself refuse every change; it may ask less of a user who only looks. */
  readOnly?: boolean
  /** Makes the stream to the daemon, in place of the ways that are built in. */
  dial?: Dial
  /**
   * Open a connection again that was lost, with the next call; watches go on, and tell what they missed. Calls under way
   * fail nevertheless: whether they were carried out is not known.
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
 * A libvirtd, spoken to in its own protocol: any hypervisor it drives, and its node devices. URIs mean what they mean to
 * libvirt; `libvirt:` is $LIBVIRT_DEFAULT_URI, else `uri_default` of libvirt.conf, else the daemon that is there.
 *
 * @throws VirtError `no-connection` when no daemon answers, `auth-failed` when it refuses the user, `invalid-argument`
 * for what is no such URI, and what the daemon says when it cannot open the hypervisor
 */
export async function libvirt(options: LibvirtOptions = {}): Promise<Backend> {
  const { readOnly = false, dial = dialUnix, reconnect = false, signal, timeout, keepAlive } = options
  const given = parseUri(options.uri ?? 'libvirt:')
  const address = daemonAddress(meantBy(given), thisUser(), readOnly)
  const open = async (limits: Limits) =>
    await openConnection(await dial(address, limits), { uri: address.uri, readOnly, timeout, keepAlive, ...limits })

  // The signal is for this opening, not for one that a lost connection makes necessary later.
  const session = await Session.begin(await open({ signal }), () => open({}), reconnect)
  return backend({
    name: 'libvirt',
    uri: given.driver === 'libvirt' ? (await session.call('connectGetUri', {}, {})).uri : given.text,
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
function meantBy(given: ConnectionUri): ConnectionUri | undefined {
  return given.driver === 'libvirt'
    ? defaultUri(given, realFiles(), thisUser(), process.env.LIBVIRT_DEFAULT_URI || undefined)
    : given
}

function thisUser(): User {
  const { HOME = '/', XDG_CACHE_HOME = `${HOME}/.cache`, XDG_RUNTIME_DIR, XDG_CONFIG_HOME } = process.env
  return {
    root: process.geteuid?.() === 0,
    runtime: XDG_RUNTIME_DIR || XDG_CACHE_HOME,
    config: XDG_CONFIG_HOME || `${HOME}/.config`,
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
