import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, VirtError } from '../../src/index.js'
import { needs } from '../needs.js'
import { lacking, newFolder, type OwnLibvirtd, ownLibvirtd } from './own-libvirtd.js'
import { noSshd, type OwnSshd, ownSshd } from './own-sshd.js'

const missing = noSshd ?? lacking('libvirtd', 'virt-ssh-helper', 'nc', 'ssh', '/usr/sbin/sshd')

needs(missing).describe('a libvirtd by ssh', () => {
  const folder = newFolder()
  let daemon: OwnLibvirtd
  let sshd: OwnSshd

  beforeAll(async () => {
    daemon = await ownLibvirtd()
    const sockets = dirname(daemon.socket)
    // a session has none of these, and this one plays the system's
    for (const name of ['libvirt-sock-ro', 'virttestd-sock']) symlinkSync('libvirt-sock', join(sockets, name))
    sshd = await ownSshd(folder, sockets)
  }, 60_000)
  afterAll(async () => {
    await sshd?.[Symbol.asyncDispose]()
    await daemon?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Everything the way there takes, but for what a test says otherwise. */
  function uri(parameters: Record<string, string | undefined> = {}): string {
    const { port, user, key: keyfile, knownHosts: known_hosts } = sshd
    const all = { keyfile, known_hosts, no_tty: '1', ...parameters }
    const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined)
    const query = given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
    return `test+ssh://${user}@127.0.0.1:${port}/default?${query}`
  }
  const names = async (target: string, options = {}) => {
    await using conn = await connect(target, options)
    return (await conn.listNodeDevices()).map(({ name }) => name)
  }
  const failure = async (target: string) => {
    const error: unknown = await names(target).catch((reason: unknown) => reason)
    return VirtError.is(error) ? { code: error.code, message: error.message } : error
  }
  const devices = ['computer', 'scsi_host1', 'scsi_host11', 'scsi_host2']

  it.each([
    ["libvirt's own helper or netcat", {}],
    ["libvirt's own helper", { proxy: 'native' }],
    ['netcat', { proxy: 'netcat' }],
    ['the netcat that is named', { netcat: '/bin/nc' }],
    ['the socket that is named', { socket: '/run/libvirt/virttestd-sock' }],
    ['the daemon of one hypervisor', { mode: 'direct' }],
  ])('is spoken to through %s', async (_proxy, parameters) => {
    expect(await names(uri(parameters))).toEqual(devices)
  })

  it('is spoken to read-only', async () => {
    expect(await names(uri(), { readOnly: true })).toEqual(devices)
  })

  it('is spoken to as libssh would', async () => {
    const target = uri({ known_hosts_verify: 'normal' }).replace('+ssh', '+libssh')
    expect(await names(target)).toEqual(devices)
  })

  it('refuses a key that it does not know', async () => {
    expect(await failure(uri({ keyfile: sshd.wrongKey }))).toMatchObject({
      code: 'auth-failed',
      message: expect.stringContaining('Permission denied (publickey)'),
    })
  })

  it('is not spoken to when nobody knows its key', async () => {
    expect(await failure(uri({ known_hosts: join(folder, 'nobody') }))).toMatchObject({
      code: 'auth-failed',
      message: expect.stringContaining('Host key verification failed'),
    })
  })

  it('is spoken to though nobody knows its key, when that is asked for', async () => {
    const known_hosts = join(folder, 'learnt')
    expect(await names(uri({ known_hosts, no_verify: '1' }))).toEqual(devices)
    expect(readFileSync(known_hosts, 'utf8')).toContain('ssh-ed25519')
  })

  it('is not there where its socket is not, and says what the other host says', async () => {
    const message = expect.stringMatching(/No such file or directory.*does libvirtd run there/)
    const nowhere = uri({ socket: '/nowhere/sock' })
    const ofXen = uri({ mode: 'direct' }).replace('test+', 'xen+')
    for (const target of [nowhere, ofXen])
      expect(await failure(target)).toMatchObject({ code: 'no-connection', message })
  })

  it('is not there where nobody listens', async () => {
    expect(await failure(uri().replace(`:${sshd.port}/`, ':1/'))).toMatchObject({
      code: 'no-connection',
      message: expect.stringContaining('Connection refused'),
    })
  })

  it.each([
    ['socket', (file: string) => ({ socket: `/x';touch ${file};'` })],
    ['socket, seen by netcat', (file: string) => ({ proxy: 'netcat', socket: `/x';touch ${file};'` })],
    ['socket in backquotes', (file: string) => ({ proxy: 'netcat', socket: `/x\`touch ${file}\`$(touch ${file})` })],
    ['netcat', (file: string) => ({ netcat: `nc';touch ${file};'` })],
    ['name', (file: string) => ({ name: `test:///default';touch ${file};'` })],
  ])('runs nothing that stands in %s', async (_where, parameters) => {
    const file = join(folder, 'touched')
    await failure(uri(parameters(file)))
    expect(existsSync(file)).toBe(false)
  })

  it('does not leave ssh behind', async () => {
    const conn = await connect(uri())
    const running = () => readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim()
    const before = running()
    await conn.close()
    await expect.poll(running, { timeout: 10_000 }).not.toBe(before)
  })
})
