import { connect as connectSocket, type TLSSocket } from 'node:tls'
import type { Limits } from '../async/deadline.js'
import { VirtError } from '../errors.js'
import { type ByteStream, byteStream, connected, formatAddress, type NetworkAddress } from './socket.js'

/** Certificates in PEM, and whether the other end has to have one. */
export interface TlsCredentials {
  /** Who may vouch for the other end. */
  readonly ca: Uint8Array
  /** Certificates that have been called back. */
  readonly crl?: Uint8Array
  /** This end's own. */
  readonly cert?: Uint8Array
  readonly key?: Uint8Array
  /** False: talk to whoever answers, which hides nothing from somebody in between. */
  readonly verify: boolean
}

/**
 * Connects by TLS, 1.2 or newer. The other end must have a certificate of that CA for the name or address it was called
 * by. Rejects as {@link connectTcp} does, and with `auth-failed` when the certificate is refused,
 * `invalid-argument` when this end's own certificate or key is none.
 */
export async function connectTls(
  address: NetworkAddress,
  { verify, ...credentials }: TlsCredentials,
  limits: Limits = {},
): Promise<ByteStream> {
  const peer = formatAddress(address)
  const pem = Object.fromEntries(Object.entries(credentials).map(([name, bytes]) => [name, Buffer.from(bytes)]))
  const open = (): TLSSocket => {
    try {
      return connectSocket({ ...address, ...pem, minVersion: 'TLSv1.2', rejectUnauthorized: verify }).setNoDelay()
    } catch (cause) {
      throw new VirtError('invalid-argument', `${peer}: the certificates for it cannot be used: ${messageOf(cause)}`, {
        cause,
      })
    }
  }
  try {
    return byteStream(await connected(open, peer, 'secureConnect', limits), peer, verify)
  } catch (error) {
    throw refusal(peer, address.host, error) ?? error
  }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** What OpenSSL's and Node's words for a certificate that is no good mean. */
const refusals: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; is the clock right?',
  CERT_REVOKED: 'its certificate has been revoked',
  CRL_HAS_EXPIRED: 'the list of revoked certificates has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed and not that of the CA',
  INVALID_PURPOSE: 'its certificate is not one for servers',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is by a CA that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is by a CA that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is by a CA that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is by a CA that is not trusted here',
  CERT_SIGNATURE_FAILURE: 'its certificate is by a CA that is not trusted here',
}

function refusal(peer: string, host: string, error: unknown): VirtError | undefined {
  if (!VirtError.is(error, 'no-connection')) return undefined
  const { cause } = error.details
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const why = code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? `its certificate is not for ${host}` : refusals[code]
  return why === undefined ? undefined : new VirtError('auth-failed', `${peer}: ${why}`, { path: peer, cause })
}
