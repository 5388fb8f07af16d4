import type { Limits } from '../../async/deadline.js'
import { errorDomains, VirtError } from '../../errors.js'
import type { Credentials, SaslMechanism } from '../sasl/mechanism.js'
import { plain } from '../sasl/plain.js'
import { scram } from '../sasl/scram.js'
import type { RpcClient } from './client.js'

/** How to log in where a libvirtd asks for it. */
export interface LogInOptions {
  /** Who logs in by SASL; asked for only when libvirtd wants it. */
  readonly credentials?: (() => Promise<Credentials | undefined>) | undefined
  /** Only this way: `polkit`, `sasl`, `sasl.SCRAM-SHA-256`; the daemon's first unless told. */
  readonly auth?: string | undefined
}

/** Ways to log in (`remote_auth_type`). */
const types = { none: 0, sasl: 1, polkit: 2 } as const

/** From the strongest on. */
const mechanisms: readonly SaslMechanism[] = [scram('SHA-512'), scram('SHA-256'), scram('SHA-1'), plain]

/** More turns than any mechanism here takes. */
const maxTurns = 8

/**
 * Logs in at a libvirtd in the way that it asks for, as the function `remoteAuthenticate` of libvirt's client. Rejects
 * with `auth-failed` when it refuses, or when nothing that it offers can be done here.
 */
export async function logIn(client: RpcClient, { credentials, auth }: LogInOptions, limits: Limits): Promise<void> {
  const offered = (await client.call('authList', {}, limits)).types
  const [way, mechanism] = auth?.split('.', 2) ?? []
  if (way !== undefined && way !== 'sasl' && way !== 'polkit')
    throw new VirtError('invalid-argument', `auth is ${way}; it is sasl, sasl.MECHANISM or polkit`, {
      errorDomain: errorDomains.rpc,
    })
  if (way !== undefined && !offered.includes(types[way]))
    throw refused(client, `libvirtd does not offer the login ${way} that was asked for`)
  const type = way === undefined ? (offered[0] ?? types.none) : types[way]
  if (type === types.polkit) await byPolkit(client, limits)
  else if (type === types.sasl) await bySasl(client, mechanism, credentials, limits)
  else if (type !== types.none)
    throw refused(client, `libvirtd asks for a login of type ${type}, which is not known here`)
}

async function byPolkit(client: RpcClient, limits: Limits): Promise<void> {
  try {
    await client.call('authPolkit', {}, limits)
  } catch (cause) {
    if (!VirtError.is(cause) || VirtError.is(cause, 'no-connection', 'timeout')) throw cause
    throw refused(
      client,
      `polkit refuses this user (${cause.message}); join the group libvirt, or allow org.libvirt.unix.manage by a rule`,
      cause,
    )
  }
}

async function bySasl(
  client: RpcClient,
  wanted: string | undefined,
  credentials: LogInOptions['credentials'],
  limits: Limits,
): Promise<void> {
  const { mechlist } = await client.call('authSaslInit', {}, limits)
  const mechanism = choose(client, mechlist.split(/[\s,]+/), wanted?.toUpperCase())
  const who = await credentials?.()
  if (!who)
    throw refused(
      client,
      'libvirtd asks for a user and password; give login to connect(), or write them into auth.conf (libvirt.org/auth.html)',
    )
  const login = mechanism.begin(who)
  let answer: Uint8Array | undefined = login.first()
  let reply = await client.call('authSaslStart', { mech: mechanism.name, nil: false, data: answer }, limits)
  for (let turn = 0; turn < maxTurns; turn++) {
    answer = reply.nil ? undefined : await login.next(reply.data)
    if (reply.complete) {
      login.finish()
      return
    }
    const said = { nil: answer === undefined, data: answer ?? Buffer.alloc(0) }
    reply = await client.call('authSaslStep', said, limits)
  }
  throw refused(client, `libvirtd does not come to an end of ${mechanism.name}`)
}

function choose(client: RpcClient, offered: readonly string[], wanted: string | undefined): SaslMechanism {
  const common = mechanisms.filter(({ name }) => offered.includes(name) && (wanted === undefined || wanted === name))
  const safe = common.find(({ revealing }) => client.confidential || !revealing)
  if (safe) return safe
  const offers = offered.join(', ').slice(0, 200)
  if (common.length > 0)
    throw refused(
      client,
      `libvirtd offers ${offers}: a password is only told by TLS, to a server whose certificate is verified`,
    )
  throw refused(
    client,
    `libvirtd offers ${offers}, of which this library has none${wanted === undefined ? '' : ` that is ${wanted}`}; it has ${mechanisms.map(({ name }) => name).join(', ')} (without TLS libvirtd offers only Kerberos)`,
  )
}

const refused = (client: RpcClient, message: string, cause?: unknown): VirtError =>
  new VirtError('auth-failed', `${client.peer}: ${message}`, { errorDomain: errorDomains.rpc, cause })
