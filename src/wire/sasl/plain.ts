import { loginFailed, type SaslMechanism } from './mechanism.js'
import { saslprep } from './saslprep.js'

/** The password as it is (RFC 4616). */
export const plain: SaslMechanism = {
  name: 'PLAIN',
  revealing: true,
  begin: ({ user, password }) => ({
    first: () => Buffer.from(`\0${saslprep(user, 'user name')}\0${saslprep(password, 'password')}`),
    async next(challenge) {
      if (challenge.length > 0) throw loginFailed('the server asks for more than PLAIN has to say')
      return undefined
    },
    finish() {},
  }),
}
