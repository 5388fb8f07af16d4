import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Connection, type ConnectOptions, connect, VirtError } from '../../src/index.js'
import { needs } from '../needs.js'
import { environmentIn, lacking, type OwnLibvirtd, ordinary, ownLibvirtd } from './own-libvirtd.js'
import { noOwnSystem, type OwnSystem, ownSystem } from './own-system.js'

const libvirtd = lacking('libvirtd')

/** Does something as an ordinary user: a socket knows by the effective user who has connected to it. */
async function asOrdinary<T>(environment: Record<string, string>, work: () => Promise<T>): Promise<T> {
  const before = { ...process.env }
  Object.assign(process.env, environment)
  if (ordinary.uid !== undefined) process.seteuid?.(ordinary.uid)
  try {
    return await work()
  } finally {
    if (ordinary.uid !== undefined) process.seteuid?.(0)
    for (const name of Object.keys(environment)) delete process.env[name]
    Object.assign(process.env, before)
  }
}

const names = async (conn: Connection) => (await conn.listNodeDevices()).map(({ name }) => name)

needs(libvirtd).describe("an ordinary user's own libvirtd", () => {
  let daemon: OwnLibvirtd
  const open = (uri: string, options: ConnectOptions = {}) =>
    asOrdinary(environmentIn(daemon.folder), () => connect(uri, options))
  beforeAll(async () => {
    daemon = await ownLibvirtd()
  }, 60_000)
  afterAll(() => daemon?.[Symbol.asyncDispose]())

  it.each(['qemu:///session', 'nodedev:///session', 'test:///default'])('is meant by %s', async (uri) => {
    await using conn = await open(uri)
    expect(await names(conn)).toContain('computer')
  })

  it('is what libvirt: means, where no URI is set', async () => {
    await using conn = await open('libvirt:')
    expect(conn.uri).toBe('qemu:///session')
  })

  it('is what an alias of libvirt.conf says', async () => {
    const settings = join(daemon.folder, 'config/libvirt')
    mkdirSync(settings, { recursive: true })
    writeFileSync(join(settings, 'libvirt.conf'), 'uri_aliases = [ "mine=qemu:///session" ]\n')
    chmodSync(dirname(settings), 0o755)
    await using conn = await open('mine')
    expect(conn.uri).toBe('qemu:///session')
    await expect(open('yours')).rejects.toMatchObject({ code: 'invalid-argument', details: { candidates: ['mine'] } })
  })

  it('may be asked to look only, though it has one socket', async () => {
    await using conn = await open('qemu:///session', { readOnly: true })
    const device = await conn.lookupNodeDevice('computer')
    await expect(device.reset()).rejects.toMatchObject({ number: 29 })
  })

  it('may be split into daemons of one hypervisor each, which come first', async () => {
    const sockets = dirname(daemon.socket)
    const [split, legacy] = [join(sockets, 'virtqemud-sock'), join(sockets, 'libvirt-sock')]
    renameSync(legacy, split)
    try {
      for (const uri of ['qemu:///session', 'qemu:///session?mode=direct', 'libvirt:']) {
        await using conn = await open(uri)
        expect(await names(conn)).toContain('computer')
      }
      await expect(open('qemu:///session?mode=legacy')).rejects.toMatchObject({ code: 'no-connection' })
    } finally {
      renameSync(split, legacy)
    }
  })

  it('is not there where it does not run, and says how it is started', async () => {
    const elsewhere = asOrdinary(environmentIn('/nowhere'), () => connect('qemu:///session'))
    await expect(elsewhere).rejects.toMatchObject({
      code: 'no-connection',
      message: expect.stringMatching(/\/nowhere\/run\/libvirt\/virtqemud-sock .*start your session's/),
    })
  })
})

needs(libvirtd ?? noOwnSystem).describe("a machine's libvirtd", () => {
  let system: OwnSystem
  const hostdev = (...args: string[]) => system.run(process.execPath, 'scripts/hostdev.mjs', ...args)
  beforeAll(async () => {
    system = await ownSystem([])
  }, 60_000)
  afterAll(() => system?.[Symbol.asyncDispose]())

  it('is meant by qemu:///system and by nothing at all, as by virsh', () => {
    const lines = (text: string) => text.trimEnd().split('\n').sort()
    const listed = lines(system.run('virsh', '--quiet', '--connect', 'qemu:///system', 'nodedev-list').stdout)
    for (const uri of ['qemu:///system', 'libvirt:', 'nodedev:///system'])
      expect(lines(hostdev('-c', uri, 'list', '--names').stdout)).toEqual(listed)
  })

  it('may be split into virtqemud, virtnodedevd and virtxend', () => {
    const at = (name: string) => join(system.sockets, name)
    for (const kind of ['sock', 'sock-ro']) renameSync(at(`libvirt-${kind}`), at(`virtqemud-${kind}`))
    for (const daemon of ['virtnodedevd', 'virtxend'])
      for (const kind of ['sock', 'sock-ro']) symlinkSync(`virtqemud-${kind}`, at(`${daemon}-${kind}`))
    const devices = hostdev('-c', 'qemu:///system', 'list', '--names').stdout
    expect(devices).toContain('computer\n')
    expect(hostdev('-c', 'nodedev:///system', 'list', '--names').stdout).toBe(devices)
    // a libvirtd plays virtxend here, and has no Xen: that it is asked is what shows
    expect(hostdev('-c', 'xen:///system', 'list').stderr).toMatch(/xen:\/\/\/system/)
    expect(hostdev('-c', 'qemu:///system?mode=legacy', 'list').stderr).toMatch(
      /no libvirtd answers at .*libvirt-sock-ro/,
    )
    expect(hostdev('-c', 'lxc:///', 'list').stderr).toMatch(/no libvirtd answers at .*virtlxcd-sock-ro/)
  })
})

needs(libvirtd ?? lacking('dbus-daemon', 'pkcheck') ?? noOwnSystem).describe('a libvirtd that asks polkit', () => {
  let system: OwnSystem
  beforeAll(async () => {
    const asking = ['auth_unix_rw = "polkit"', 'auth_unix_ro = "polkit"', 'unix_sock_rw_perms = "0777"']
    system = await ownSystem(asking, true)
  }, 60_000)
  afterAll(() => system?.[Symbol.asyncDispose]())
  const uri = (kind: string) => `test+unix:///default?socket=${join(system.sockets, `libvirt-${kind}`)}`

  it('lets root in', async () => {
    await using conn = await connect(uri('sock'))
    expect(await names(conn)).toContain('computer')
  })

  it('lets an ordinary user look', async () => {
    await using conn = await asOrdinary({}, () => connect(uri('sock-ro'), { readOnly: true }))
    expect(await names(conn)).toContain('computer')
  })

  it('refuses to let an ordinary user change anything, and the reason and remedy are told', async () => {
    const error: unknown = await asOrdinary({}, () => connect(uri('sock'))).catch((reason: unknown) => reason)
    expect(VirtError.is(error, 'auth-failed') && error.message).toMatch(
      /polkit refuses this user \(.*org\.libvirt\.unix\.manage.*\); join the group libvirt, or allow .* by a rule$/,
    )
  })
})
