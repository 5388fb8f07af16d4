import { VirtError } from '../../errors.js'

/** Who logs in. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

/** One login by a SASL mechanism (RFC 4422), seen from the client. */
export interface SaslLogin {
  /** What is sent along with the mechanism's name. */
  first(): Uint8Array
  /** The answer to a challenge; `undefined` where none is left to give. Rejects with `auth-failed` at a wrong one. */
  next(challenge: Uint8Array): Promise<Uint8Array | undefined>
  /** Throws `auth-failed` unless the server has proven what it has to. */
  finish(): void
}

/** A SASL mechanism. */
export interface SaslMechanism {
  /** Its registered name: `SCRAM-SHA-256`. */
  readonly name: string
  /** Whether it tells the password itself to the server, and to whoever reads along. */
  readonly revealing: boolean
  begin(credentials: Credentials): SaslLogin
}

/** What it is when a login fails here. */
export const loginFailed = (what: string): VirtError => new VirtError('auth-failed', what)
