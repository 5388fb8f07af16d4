import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Connection, connect, type HostdevDef, VirtError } from '../../src/index.js'
import { MemoryFiles } from '../../src/linux.js'
import { openvz } from '../../src/openvz.js'
import { nodeDeviceContract } from '../contract/node-devices.js'
import { FakeVzctl } from '../fakes/vzctl.js'

const net = (name: string): HostdevDef => ({ kind: 'net', source: { interface: name } })

let folder: string
let files: MemoryFiles
let conn: Connection

const interfaceFiles = (name: string, last: number) => {
  const at = `/sys/devices/virtual/net/${name}`
  files.set(`${at}/address`, `52:54:00:00:00:0${last}\n`)
  files.set(`${at}/operstate`, 'down\n')
  files.set(`${at}/uevent`, `INTERFACE=${name}\nIFINDEX=${last}\n`)
  files.set(`${at}/subsystem`, { link: '../../../../class/net' })
  files.set(`/sys/class/net/${name}`, { link: `../../devices/virtual/net/${name}` })
}
/** The kernel's part: an interface is on the host or in a container. */
const move = (name: string, _: string, direction: 'in' | 'out'): boolean => {
  const here = files.link(`/sys/class/net/${name}`)
  if (direction === 'in' && typeof here !== 'string') return false
  if (direction === 'in') files.delete(`/sys/class/net/${name}`)
  else interfaceFiles(name, 1)
  return true
}
const configOf = (id: string) => readFile(join(folder, `${id}.conf`), 'utf8')
const failure = async (call: Promise<unknown>): Promise<VirtError> => {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!VirtError.is(error)) throw new Error('the call did not fail with a VirtError')
  return error
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostdev-openvz-'))
  files = new MemoryFiles({
    '/proc/net/route': 'Iface\tDestination\tGateway\nuplink0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n',
  })
  for (const [index, name] of ['eth1', 'eth2', 'uplink0', 'bridged'].entries()) interfaceFiles(name, index + 1)
  files.set('/sys/devices/virtual/net/bridged/master', { link: '../br0' })
  await writeFile(
    join(folder, '101.conf'),
    '# web\n#UUID: 11111111-2222-3333-4444-555555555555\nNAME="web"\nONBOOT="yes"\n',
  )
  await writeFile(join(folder, '102.conf'), 'ONBOOT="no"\nNETDEV="eth5"\n')
  await writeFile(join(folder, '0.conf'), 'ONBOOT="no"\n')
  await writeFile(join(folder, 've-basic.conf-sample'), 'ONBOOT="no"\n')
})
afterEach(() => rm(folder, { recursive: true }))

describe.each([4, 7] as const)('OpenVZ with vzctl of generation %i', (generation) => {
  let vzctl: FakeVzctl
  beforeEach(async () => {
    vzctl = new FakeVzctl(generation, move)
    vzctl.containers.set('101', { running: true, interfaces: new Set() })
    vzctl.containers.set('102', { running: false, interfaces: new Set() })
    conn = await connect(openvz({ configs: folder, files, run: vzctl.run }))
  })

  it('lists containers with their state, and finds them by number, UUID and name', async () => {
    expect((await conn.listDomains()).map(({ name }) => name)).toEqual(['101', '102'])
    const found = await Promise.all(
      ['101', '11111111-2222-3333-4444-555555555555', 'web'].map((n) => conn.lookupDomain(n)),
    )
    expect(found.map(({ name }) => name)).toEqual(['101', '101', '101'])
    expect(await (await conn.lookupDomain('102')).info()).toEqual({ name: '102', state: 'shutoff' })
    expect((await failure(conn.lookupDomain('0'))).code).toBe('no-domain')
  })

  it('moves an interface into a running container, and back to the host', async () => {
    const web = await conn.lookupDomain('101')
    await web.attachHostdev(net('eth1'), { live: true, config: true })
    expect([vzctl.containers.get('101')?.interfaces.has('eth1'), await web.hostdevs()]).toEqual([true, [net('eth1')]])
    expect(vzctl.calls).toContain('vzctl set 101 --netdev_add eth1')
    await web.detachHostdev(net('eth1'), { live: true, config: true })
    expect([vzctl.containers.get('101')?.interfaces.size, await configOf('101')]).toEqual([
      0,
      expect.stringMatching(/NAME="web"\nONBOOT="yes"\nNETDEV=""\n$/),
    ])
  })

  it('changes the config of a stopped one, and keeps its mode', async () => {
    await chmod(join(folder, '102.conf'), 0o640)
    await (await conn.lookupDomain('102')).attachHostdev(`<hostdev mode='capabilities' type='net'>
      <source><interface>eth2</interface></source></hostdev>`)
    expect(await configOf('102')).toBe('ONBOOT="no"\nNETDEV="eth5 eth2"\n')
    expect((await stat(join(folder, '102.conf'))).mode & 0o777).toBe(0o640)
    expect(vzctl.calls.filter((call) => call.startsWith('vzctl set'))).toEqual([])
  })

  it('does not believe an exit status of 0', async () => {
    const web = await conn.lookupDomain('101')
    vzctl.containers.get('101')?.interfaces.clear()
    const lying = await connect(
      openvz({
        configs: folder,
        files,
        run: async (argv, options) => (argv[1] === 'set' ? { stdout: '', stderr: '' } : vzctl.run(argv, options)),
      }),
    )
    const error = await failure(
      (await lying.lookupDomain('101')).attachHostdev(net('eth1'), { live: true, config: true }),
    )
    expect(error.message).toMatch(/vzctl said yes, but the interface eth1 is still on the host/)
    expect(await web.hostdevs()).toEqual([])
  })

  it.each([
    ['gone0', 'device-missing'],
    ['uplink0', 'resource-busy'],
    ['bridged', 'resource-busy'],
    ['eth5', 'operation-invalid'],
    ['eth1;id', 'device-missing'],
  ])('refuses the interface %s before vzctl is asked', async (name, code) => {
    const error = await failure((await conn.lookupDomain('101')).attachHostdev(net(name)))
    expect([error.code, vzctl.calls.filter((call) => call.startsWith('vzctl set'))]).toEqual([code, []])
  })

  it('says that a device is not there, and that a stopped container cannot be changed live', async () => {
    const [web, off] = await Promise.all([conn.lookupDomain('101'), conn.lookupDomain('102')])
    expect((await failure(web.detachHostdev(net('eth9'), { config: true }))).code).toBe('device-missing')
    expect((await failure(off.attachHostdev(net('eth1'), { live: true }))).number).toBe(55)
  })
})

describe('OpenVZ without vzctl', () => {
  beforeEach(async () => {
    const run = () => Promise.reject(new VirtError('unsupported', 'there is no such program'))
    conn = await connect(openvz({ configs: folder, files, run }))
  })

  it('changes configs, and says what is missing for the rest', async () => {
    const web = await conn.lookupDomain('101')
    expect(await web.state()).toBe('nostate')
    await web.attachHostdev(net('eth1'), { config: true })
    expect(await web.hostdevs()).toEqual([net('eth1')])
    const abilities = await conn.probe()
    expect(abilities.find(({ call }) => call === 'domains.attach')).toMatchObject({
      can: false,
      remedy: expect.any(String),
    })
  })

  it('loses nothing when many edit at once', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `nic${index}`)
    await Promise.all(
      names.map(async (name) => (await conn.lookupDomain('101')).attachHostdev(net(name), { config: true })),
    )
    const all = (await (await conn.lookupDomain('101')).hostdevs()).map(
      (def) => def.kind === 'net' && def.source.interface,
    )
    expect(all.sort()).toEqual(names.sort())
  })
})

it('a folder that is not there is no OpenVZ host', async () => {
  const none = await connect(
    openvz({ configs: join(folder, 'absent'), files, run: async () => ({ stdout: '', stderr: '' }) }),
  )
  await expect(none.listDomains()).rejects.toMatchObject({ code: 'no-connection' })
})

nodeDeviceContract('OpenVZ', {
  async open(options) {
    return connect(
      openvz({ configs: folder, files: new MemoryFiles(), run: async () => ({ stdout: '', stderr: '' }) }),
      options,
    )
  },
})

it("takes the proposal's own spelling", async () => {
  const host = await connect(openvz({ configs: folder, files, run: async () => ({ stdout: '', stderr: '' }) }))
  const container = await host.lookupDomain('102')
  await container.attachHostdev(`<hostdev mode='capability'><source name='eth2'/></hostdev>`)
  expect(await container.hostdevs()).toEqual([net('eth5'), net('eth2')])
})
