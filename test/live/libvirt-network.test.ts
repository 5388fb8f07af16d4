import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, VirtError } from '../../src/index.js'
import { needs } from '../needs.js'
import { type TestCa, testCa } from './certificates.js'
import { freePort, lacking, newFolder, type OwnLibvirtd, ownLibvirtd } from './own-libvirtd.js'

const user = 'ann'
const password = 'correct horse, battery = staple'
const codeOf = (error: unknown) => (VirtError.is(error) ? error.code : error)
const failure = async (uri: string, options = {}) => {
  const error: unknown = await connect(uri, options).then(
    (conn) => conn.close().then(() => 'it connected'),
    (reason: unknown) => reason,
  )
  return { code: codeOf(error), message: error instanceof Error ? error.message : '' }
}

needs(lacking('libvirtd', 'openssl', 'saslpasswd2')).describe('a libvirtd on the network', () => {
  const folder = newFolder()
  const daemons: OwnLibvirtd[] = []
  const ports = { tcp: 0, tls: 0, expired: 0, misnamed: 0, sasl: 0, plain: 0 }
  let ca: TestCa
  let client: string

  /** Starts a libvirtd that listens by TLS with that certificate. */
  async function tlsDaemon({ cert, key }: { cert: string; key: string }, more: string[] = [], env = {}) {
    const port = await freePort()
    const config = [
      'listen_addr = "127.0.0.1"',
      `tls_port = "${port}"`,
      `cert_file = "${cert}"`,
      `key_file = "${key}"`,
      `ca_file = "${ca.certificate}"`,
      // so that it starts with a certificate that is no good
      'tls_no_sanity_certificate = 1',
    ]
    daemons.push(await ownLibvirtd([...config, ...more], { args: ['--listen'], env }))
    return port
  }

  /** A folder with Cyrus SASL's settings for libvirtd, and a user. */
  function saslFolder(mechanisms: string): string {
    const path = join(folder, `sasl-${mechanisms.replaceAll(' ', '-')}`)
    mkdirSync(path)
    const users = join(path, 'users.db')
    execFileSync('saslpasswd2', ['-p', '-c', '-f', users, '-a', 'libvirt', user], { input: password })
    chmodSync(users, 0o644)
    writeFileSync(join(path, 'libvirt.conf'), `mech_list: ${mechanisms}\nsasldb_path: ${users}\n`)
    return path
  }

  beforeAll(async () => {
    ca = testCa(folder, 'ours')
    client = ca.clientFolder('client')
    const here = ['DNS:localhost', 'IP:127.0.0.1']
    const good = ca.issue('server', here)
    ports.tls = await tlsDaemon(good)
    ports.expired = await tlsDaemon(ca.issue('expired', here, -1))
    ports.misnamed = await tlsDaemon(ca.issue('misnamed', ['DNS:other.example']))
    const sasl = (mechanisms: string) =>
      tlsDaemon(good, ['auth_tls = "sasl"'], { SASL_CONF_PATH: saslFolder(mechanisms) })
    ports.sasl = await sasl('scram-sha-256 plain')
    ports.plain = await sasl('plain')
    ports.tcp = await freePort()
    const tcp = ['listen_tls = 0', 'listen_tcp = 1', 'listen_addr = "127.0.0.1"', `tcp_port = "${ports.tcp}"`]
    daemons.push(await ownLibvirtd([...tcp, 'auth_tcp = "none"'], { args: ['--listen'] }))
  }, 120_000)

  afterAll(async () => {
    for (const daemon of daemons) await daemon[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  const tls = (port: number, more = '', host = 'localhost') =>
    `test+tls://${host}:${port}/default?pkipath=${client}${more}`
  const names = async (uri: string, options = {}) => {
    await using conn = await connect(uri, options)
    return (await conn.listNodeDevices()).map(({ name }) => name)
  }
  const devices = ['computer', 'scsi_host1', 'scsi_host11', 'scsi_host2']

  describe('by TCP', () => {
    it('is spoken to', async () => {
      expect(await names(`test+tcp://127.0.0.1:${ports.tcp}/default`)).toEqual(devices)
    })

    it('is known by name too', async () => {
      expect(await names(`test+tcp://localhost:${ports.tcp}/default`)).toEqual(devices)
    })

    it('is not there where nobody listens', async () => {
      expect(await failure(`test+tcp://127.0.0.1:${await freePort()}/default`)).toMatchObject({ code: 'no-connection' })
    })
  })

  describe('by TLS', () => {
    it.each(['localhost', '127.0.0.1'])('is spoken to as %s', async (host) => {
      expect(await names(tls(ports.tls, '', host))).toEqual(devices)
    })

    it('says the same to virsh', async () => {
      const said = execFileSync('virsh', ['--quiet', '--connect', tls(ports.tls), 'nodedev-dumpxml', 'scsi_host1'])
      await using conn = await connect(tls(ports.tls))
      expect(await (await conn.lookupNodeDevice('scsi_host1')).xml()).toBe(`${said.toString().trimEnd()}\n`)
    })

    it('is refused when its certificate has expired', async () => {
      expect(await failure(tls(ports.expired))).toEqual({
        code: 'auth-failed',
        message: `localhost:${ports.expired}: its certificate has expired`,
      })
    })

    it('is refused when its certificate is for another name', async () => {
      expect(await failure(tls(ports.misnamed))).toEqual({
        code: 'auth-failed',
        message: `localhost:${ports.misnamed}: its certificate is not for localhost`,
      })
    })

    it('is refused when its certificate is by another CA', async () => {
      const stranger = testCa(folder, 'stranger').clientFolder('client')
      expect(await failure(`test+tls://localhost:${ports.tls}/default?pkipath=${stranger}`)).toEqual({
        code: 'auth-failed',
        message: `localhost:${ports.tls}: its certificate is by a CA that is not trusted here`,
      })
    })

    it.each(['expired', 'misnamed'] as const)('is spoken to though it is %s, when that is asked for', async (port) => {
      expect(await names(tls(ports[port], '&no_verify=1'))).toEqual(devices)
    })

    it('refuses a client whose certificate is by another CA', async () => {
      const impostor = ca.clientFolder('impostor', testCa(folder, 'other'))
      expect(await failure(`test+tls://localhost:${ports.tls}/default?pkipath=${impostor}`)).toMatchObject({
        code: 'auth-failed',
        message: expect.stringContaining("refuses this client's certificate"),
      })
    })

    it('needs every file in the folder it was given', async () => {
      const incomplete = join(folder, 'incomplete')
      mkdirSync(incomplete)
      copyFileSync(ca.certificate, join(incomplete, 'cacert.pem'))
      expect(await failure(`test+tls://localhost:${ports.tls}/default?pkipath=${incomplete}`)).toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining('incomplete/clientcert.pem is not there'),
      })
    })

    it('does not speak TLS where it listens by TCP', async () => {
      expect(await failure(tls(ports.tcp))).toMatchObject({ code: expect.stringMatching(/no-connection|timeout/) })
    }, 30_000)
  })

  describe('that asks for a login', () => {
    it('takes a user and password by SCRAM-SHA-256, and proves to know it', async () => {
      expect(await names(tls(ports.sasl), { login: { user, password } })).toEqual(devices)
    })

    it('takes the user from the URI and the password from a credentials file', async () => {
      const file = join(folder, 'auth.conf')
      writeFileSync(
        file,
        `[credentials-test]\nauthname=${user}\npassword=${password}\n[auth-libvirt-localhost]\ncredentials=test\n`,
      )
      expect(await names(tls(ports.sasl, `&authfile=${file}`, `${user}@localhost`))).toEqual(devices)
      expect(await names(tls(ports.sasl, `&authfile=${file}`))).toEqual(devices)
      expect(await failure(tls(ports.sasl, `&authfile=${file}`, 'bob@localhost'))).toMatchObject({
        code: 'auth-failed',
      })
    })

    it('takes the password itself by PLAIN', async () => {
      expect(await names(tls(ports.plain), { login: { user, password } })).toEqual(devices)
      expect(await names(tls(ports.sasl, '&auth=sasl.PLAIN'), { login: { user, password } })).toEqual(devices)
    })

    it('is not told the password where its certificate is not verified', async () => {
      expect(await failure(tls(ports.plain, '&no_verify=1'), { login: { user, password } })).toMatchObject({
        code: 'auth-failed',
        message: expect.stringContaining('a password is only told by TLS'),
      })
    })

    it.each(['sasl', 'plain'] as const)('refuses a wrong password (%s)', async (port) => {
      expect(await failure(tls(ports[port]), { login: { user, password: 'wrong' } })).toMatchObject({
        code: 'auth-failed',
      })
    })

    it('is refused without one, with what to do', async () => {
      expect(await failure(tls(ports.sasl))).toMatchObject({
        code: 'auth-failed',
        message: expect.stringContaining('auth.conf'),
      })
    })

    it('is refused when it does not offer what was asked for', async () => {
      expect(await failure(tls(ports.sasl, '&auth=polkit'))).toMatchObject({ code: 'auth-failed' })
      expect(await failure(tls(ports.sasl, '&auth=sasl.GSSAPI'), { login: { user, password } })).toMatchObject({
        code: 'auth-failed',
        message: expect.stringContaining('none that is GSSAPI'),
      })
    })
  })
})
