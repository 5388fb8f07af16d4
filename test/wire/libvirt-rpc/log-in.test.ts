import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import { connectUnix } from '../../../src/os/socket.js'
import { type OpenOptions, openConnection } from '../../../src/wire/libvirt-rpc/open.js'
import { type Handlers, RemoteFailure, type RpcServer, rpcServer } from '../../fakes/rpc-server.js'

const servers: RpcServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
})

const credentials = async () => ({ user: 'ann', password: 'secret' })

async function logIn(
  handlers: Handlers,
  { confidential = true, ...options }: OpenOptions & { confidential?: boolean },
) {
  const server = await rpcServer(handlers)
  servers.push(server)
  const stream = await connectUnix(server.path)
  const client = await openConnection({ ...stream, confidential }, options)
  client.close()
}

const types = { sasl: 1, polkit: 2 }
const nothing = { complete: true, nil: true, data: new Uint8Array() }
const offering = (mechlist: string, heard: unknown[] = []): Handlers => ({
  authList: () => ({ types: [types.sasl] }),
  authSaslInit: () => ({ mechlist }),
  authSaslStart: ({ mech, data }) => {
    heard.push(mech, Buffer.from(data).toString())
    return nothing
  },
})

describe('logging in', () => {
  it('tells the password where nobody reads along', async () => {
    const heard: unknown[] = []
    await logIn(offering('GSSAPI,PLAIN', heard), { credentials })
    expect(heard).toEqual(['PLAIN', '\0ann\0secret'])
  })

  it('does not tell the password where somebody may read along', async () => {
    const heard: unknown[] = []
    await expect(logIn(offering('PLAIN', heard), { credentials, confidential: false })).rejects.toMatchObject({
      code: 'auth-failed',
      message: expect.stringContaining('a password is only told by TLS'),
    })
    expect(heard).toEqual([])
  })

  it('proves to know the password rather than tell it', async () => {
    const heard: unknown[] = []
    await expect(logIn(offering('PLAIN SCRAM-SHA-1 SCRAM-SHA-256', heard), { credentials })).rejects.toMatchObject({
      code: 'auth-failed',
      message: 'the server ended the login without proof that it knows the password',
    })
    expect(heard[0]).toBe('SCRAM-SHA-256')
  })

  it.each([
    ['a mechanism that is not there', offering('PLAIN'), 'sasl.SCRAM-SHA-256', /none that is SCRAM-SHA-256/],
    ['a way that is not offered', offering('PLAIN'), 'polkit', /does not offer the login polkit/],
    ['none that is known here', offering('GSSAPI'), undefined, /offers GSSAPI, of which this library has none/],
  ])('refuses %s', async (_what, handlers, auth, message) => {
    await expect(logIn(handlers, { credentials, auth })).rejects.toMatchObject({
      code: 'auth-failed',
      message: expect.stringMatching(message),
    })
  })

  it('refuses a way that is none', async () => {
    await expect(logIn(offering('PLAIN'), { auth: 'magic' })).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('refuses to go on for ever', async () => {
    const again = () => ({ ...nothing, complete: false })
    const handlers = { ...offering('PLAIN'), authSaslStart: again, authSaslStep: again }
    await expect(logIn(handlers, { credentials })).rejects.toMatchObject({
      message: expect.stringContaining('does not come to an end of PLAIN'),
    })
  })

  it('explains what polkit refuses', async () => {
    const authPolkit = () => {
      throw new RemoteFailure(45, 7, 'authentication unavailable: no polkit agent available')
    }
    await expect(logIn({ authList: () => ({ types: [types.polkit] }), authPolkit }, {})).rejects.toMatchObject({
      code: 'auth-failed',
      message: expect.stringMatching(/polkit refuses this user .*no polkit agent.*join the group libvirt/),
    })
  })

  it('keeps the password out of what is published', async () => {
    const published: unknown[] = []
    const listener = (message: unknown) => published.push(message)
    subscribe('hostdev:rpc', listener)
    await logIn(offering('PLAIN'), { credentials })
    unsubscribe('hostdev:rpc', listener)
    const of = (name: string) => published.filter((each) => (each as { procedure: string }).procedure === name)
    expect(of('authSaslStart')).toMatchObject([{ direction: 'sent', body: undefined }, { direction: 'received' }])
  })
})
