import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { loginFailed, type SaslMechanism } from './mechanism.js'
import { saslprep } from './saslprep.js'

/** Hashes that SCRAM is registered with, and how long they are in bytes. */
const hashes = { 'SHA-1': ['sha1', 20], 'SHA-256': ['sha256', 32], 'SHA-512': ['sha512', 64] } as const

/** RFC 7677 asks for no fewer; a server that wants more than the other has us work for it. */
const fewestIterations = 4096
const mostIterations = 1_000_000

/** No channel binding, and no other identity than the one that logs in. */
const gs2Header = 'n,,'

const derive = promisify(pbkdf2)

/**
 * Proves to know the password without telling it, and has the server prove that it knows it too (RFC 5802, RFC 7677).
 *
 * @param nonce for tests; random unless told
 */
export function scram(
  hash: keyof typeof hashes,
  nonce: () => string = () => randomBytes(24).toString('base64'),
): SaslMechanism {
  const [digest, length] = hashes[hash]
  const hmac = (key: Uint8Array, text: string) => createHmac(digest, key).update(text).digest()
  return {
    name: `SCRAM-${hash}`,
    revealing: false,
    begin({ user, password }) {
      const name = saslprep(user, 'user name').replaceAll('=', '=3D').replaceAll(',', '=2C')
      const secret = saslprep(password, 'password')
      const mine = nonce()
      const clientFirst = `n=${name},r=${mine}`
      let proof: Buffer | undefined
      let verified = false

      async function answer(serverFirst: string): Promise<Uint8Array> {
        const { r = '', s = '', i = '' } = attributes(serverFirst)
        const iterations = /^[1-9]\d{0,9}$/.test(i) ? Number(i) : 0
        const salt = Buffer.from(s, 'base64')
        if (!r.startsWith(mine) || r.length === mine.length || salt.length === 0)
          throw loginFailed('the server does not speak SCRAM: its nonce or salt is none')
        if (iterations < fewestIterations || iterations > mostIterations)
          throw loginFailed(
            `the server wants ${i.slice(0, 20)} rounds of the hash, out of ${fewestIterations} to ${mostIterations}`,
          )
        const salted = await derive(secret, salt, iterations, length, digest)
        const clientKey = hmac(salted, 'Client Key')
        const withoutProof = `c=${Buffer.from(gs2Header).toString('base64')},r=${r}`
        const whole = `${clientFirst},${serverFirst},${withoutProof}`
        const signature = hmac(createHash(digest).update(clientKey).digest(), whole)
        proof = hmac(hmac(salted, 'Server Key'), whole)
        const mask = clientKey.map((byte, at) => byte ^ (signature[at] as number))
        return Buffer.from(`${withoutProof},p=${Buffer.from(mask).toString('base64')}`)
      }

      function verify(serverFinal: string, expected: Buffer): void {
        const { v = '', e } = attributes(serverFinal)
        if (e !== undefined) throw loginFailed(`the server refuses the login: ${e.slice(0, 100)}`)
        const given = Buffer.from(v, 'base64')
        verified = given.length === expected.length && timingSafeEqual(given, expected)
        if (!verified) throw loginFailed('the server does not know the password itself: it is not who it claims to be')
      }

      return {
        first: () => Buffer.from(`${gs2Header}${clientFirst}`),
        async next(challenge) {
          if (proof === undefined) return await answer(Buffer.from(challenge).toString())
          if (!verified) verify(Buffer.from(challenge).toString(), proof)
          return undefined
        },
        finish() {
          if (!verified) throw loginFailed('the server ended the login without proof that it knows the password')
        },
      }
    },
  }
}

/** `r=…,s=…,i=…`; of several of one name the first. An extension that must be understood (`m`) is not. */
function attributes(message: string): Record<string, string> {
  const found: Record<string, string> = Object.create(null)
  for (const part of message.split(',')) {
    const name = part[0]
    if (name === undefined || part[1] !== '=') throw loginFailed('the server does not speak SCRAM')
    if (name === 'm') throw loginFailed('the server wants an extension of SCRAM that is not known here')
    found[name] ??= part.slice(2)
  }
  return found
}
