import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Connection, connect, type HostdevDef, VirtError } from '../../src/index.js'
import { MemoryFiles, type RunCommand } from '../../src/linux.js'
import { openvz } from '../../src/openvz.js'
import { nodeDeviceContract } from '../contract/node-devices.js'
import { failure } from '../failure.js'
import { OpenvzHost, webConfig } from '../fakes/vzctl/openvz-host.js'
import { root } from '../source-tree.js'

const net = (name: string): HostdevDef => ({ kind: 'net', source: { interface: name } })
const pci = (bus: number): HostdevDef => ({
  kind: 'pci',
  managed: false,
  source: { address: { domain: 0, bus, slot: 0, function: 0 } },
})

let host: OpenvzHost
let conn: Connection

const configOf = (id: string) => readFile(host.vzctl.configOf(id), 'utf8')
const insideOf = (id: string) => [...(host.network.containers.get(id)?.keys() ?? [])]

afterEach(async () => {
  await conn.close()
  host[Symbol.dispose]()
})

describe.each([4, 9] as const)('OpenVZ with vzctl %i', (generation) => {
  beforeEach(async () => {
    host = await OpenvzHost.make(generation, { pci: ['0000:01:00.0'] })
    conn = await connect(host.open())
  })

  it('lists containers with their state, and finds them by number, UUID and name', async () => {
    expect((await conn.listDomains()).map(({ name }) => name)).toEqual(['101', '102'])
    const found = await Promise.all(
      ['101', '11111111-2222-3333-4444-555555555555', 'web'].map((n) => conn.lookupDomain(n)),
    )
    expect(found.map(({ name }) => name)).toEqual(['101', '101', '101'])
    expect(await (await conn.lookupDomain('101')).info()).toEqual({
      name: '101',
      uuid: '11111111-2222-3333-4444-555555555555',
      id: 101,
      state: 'running',
    })
    expect(await (await conn.lookupDomain('102')).info()).toEqual({ name: '102', state: 'shutoff' })
    expect((await failure(conn.lookupDomain('0'))).code).toBe('no-domain')
  })

  it('moves an interface into a running container, and back to the host', async () => {
    const web = await conn.lookupDomain('101')
    await web.attachHostdev(net('eth1'), { live: true, config: true })
    expect([insideOf('101'), await web.hostdevs(), await configOf('101')]).toEqual([
      ['eth1'],
      [net('eth1')],
      `${webConfig}NETDEV="eth1"\n`,
    ])
    await web.detachHostdev(net('eth1'), { live: true, config: true })
    expect([insideOf('101'), host.network.host.has('eth1'), await configOf('101')]).toEqual([
      [],
      true,
      `${webConfig}NETDEV=""\n`,
    ])
    expect(host.changes).toEqual(['vzctl set 101 --netdev_add eth1', 'vzctl set 101 --netdev_del eth1'])
  })

  it('gives device nodes by name and by number, and PCI devices, live', async () => {
    host.files.set('/dev/ttyS0', { kind: 'char' })
    host.files.set('/sys/devices/pci0000:00/0000:01:00.0/vendor', '0x8086\n')
    host.files.set('/sys/bus/pci/devices/0000:01:00.0', { link: '../../../devices/pci0000:00/0000:01:00.0' })
    const web = await conn.lookupDomain('101')
    const given: HostdevDef[] = [
      { kind: 'misc', source: { char: '/dev/ttyS0' } },
      { kind: 'misc', source: { char: '/dev/char/10:229' } },
      pci(1),
    ]
    await web.attachHostdevs(given, { live: true })
    expect(host.changes).toEqual([
      'vzctl set 101 --devnodes ttyS0:rw',
      'vzctl set 101 --devices c:10:229:rw',
      'vzctl set 101 --pci_add 0000:01:00.0',
    ])
    expect([await web.hostdevs(), await web.hostdevs({ config: true })]).toEqual([given, []])
    await web.detachHostdev(given[0] as HostdevDef)
    expect(host.changes.at(-1)).toBe('vzctl set 101 --devnodes ttyS0:none')
    expect(await web.hostdevs()).toEqual(given.slice(1))
  })

  it('forgets what a container was given as it ran once it is started anew', async () => {
    const web = await conn.lookupDomain('101')
    await web.attachHostdev(net('eth1'))
    for (const verb of ['stop', 'start']) await host.vzctl.execute(['vzctl', verb, '101'])
    host.files.set('/run/netns/101', { link: '/proc/4712/ns/net' })
    expect(await web.hostdevs()).toEqual([])
  })

  it('changes the config of a stopped one, and keeps its mode and its bytes', async () => {
    const before = Buffer.from('ONBOOT="no" # caf\xe9\nNETDEV="eth5"\nDESCRIPTION="\xff\xfe"\n', 'latin1')
    await writeFile(host.vzctl.configOf('102'), before)
    await chmod(host.vzctl.configOf('102'), 0o640)
    await (await conn.lookupDomain('102')).attachHostdev(`<hostdev mode='capabilities' type='net'>
      <source><interface>eth2</interface></source></hostdev>`)
    expect((await readFile(host.vzctl.configOf('102'))).toString('latin1')).toBe(
      before.toString('latin1').replace('"eth5"', '"eth5 eth2"'),
    )
    expect((await stat(host.vzctl.configOf('102'))).mode & 0o777).toBe(0o640)
    expect(host.changes).toEqual([])
  })

  it('keeps a config of 200 lines byte for byte, but for the edited one', async () => {
    const before = await readFile(join(root, 'test/data/openvz-101.conf'))
    await writeFile(host.vzctl.configOf('102'), before)
    const off = await conn.lookupDomain('102')
    const now = async () => (await readFile(host.vzctl.configOf('102'))).toString('latin1').split('\n')
    const lines = before.toString('latin1').split('\n')
    expect(lines).toHaveLength(200)
    await off.attachHostdev(net('eth1'))
    expect(await now()).toEqual(
      lines.map((line) => line.replace(/^ {2}NETDEV="eth3 eth4"/, '  NETDEV="eth3 eth4 eth1"')),
    )
    await off.detachHostdev(net('eth1'))
    expect((await readFile(host.vzctl.configOf('102'))).equals(before)).toBe(true)
    await off.attachHostdev({ kind: 'storage', source: { block: '/dev/sdb1' } })
    expect(await now()).toEqual(lines.map((line) => line.replace(/(^DEVNODES=".*) "$/, '$1 sdb1:rw "')))
  })

  it.each([
    `<hostdev mode='capability'><source name='eth1'/></hostdev>`,
    `<hostdev mode='capability' type='net'><source name='eth1'/></hostdev>`,
    `<hostdev mode='capabilities' type='net'><source><interface>eth1</interface></source></hostdev>`,
  ])('takes %s', async (xml) => {
    const web = await conn.lookupDomain('101')
    await web.attachHostdev(xml)
    expect([insideOf('101'), await web.hostdevs()]).toEqual([['eth1'], [net('eth1')]])
    await web.detachHostdev(xml)
    expect(insideOf('101')).toEqual([])
  })

  it('is given the one interface that a selector means', async () => {
    const web = await conn.lookupDomain('101')
    await web.attachHostdev({ mac: '52:54:00:00:00:67' })
    expect(insideOf('101')).toEqual(['eth2'])
  })

  it('does not believe an exit status of 0', async () => {
    const web = await conn.lookupDomain('101')
    const lying: RunCommand = async (argv, options) =>
      argv[1] === 'set' ? { stdout: '', stderr: '' } : await host.vzctl.run(argv, options)
    await using other = await connect(host.open({ run: lying }))
    const error = await failure(
      (await other.lookupDomain('101')).attachHostdev(net('eth1'), { live: true, config: true }),
    )
    expect(error.message).toMatch(/was taken, but the interface eth1 is not in container 101/)
    expect([await web.hostdevs(), await configOf('101')]).toEqual([[], webConfig])
  })

  it('looks into the namespace: an interface that has left the host, and is not inside, is missed', async () => {
    const losing: RunCommand = async (argv, options) => {
      const said = await host.vzctl.run(argv, options)
      if (argv.includes('--netdev_add')) host.network.containers.get('101')?.clear()
      return said
    }
    await using other = await connect(host.open({ run: losing }))
    const error = await failure((await other.lookupDomain('101')).attachHostdev(net('eth1')))
    expect(error.message).toMatch(/eth1 is not in container 101/)
  })

  it('says that an interface was renamed inside, and cannot come back', async () => {
    const web = await conn.lookupDomain('101')
    await web.attachHostdev(net('eth1'))
    const inside = host.network.containers.get('101')
    const link = inside?.get('eth1')
    if (!link) throw new Error('it is not inside')
    const run: RunCommand = async (argv, options) => {
      if (argv.includes('--netdev_del')) {
        inside?.delete('eth1')
        inside?.set('mine0', { ...link, name: 'mine0' })
      }
      return await host.vzctl.run(argv, options)
    }
    await using other = await connect(host.open({ run }))
    const error = await failure((await other.lookupDomain('101')).detachHostdev(net('eth1')))
    expect(error.message).toMatch(generation === 4 ? /has not come back to the host/ : /cannot be moved/)
  })

  it.each([
    ['gone0', 'device-missing', /not on the host/],
    ['uplink0', 'operation-invalid', /carries the host's default route/],
    ['bridged', 'operation-invalid', /is part of br0/],
    ['numbered', 'operation-invalid', /has the host's address 192\.0\.2\.2/],
    ['eth5', 'operation-invalid', /belongs to container 102/],
    ['eth1;id', 'invalid-argument', /is not 1 to 15 letters/],
    ['$(touch x)', 'invalid-argument', /is not 1 to 15 letters/],
    ['eth1\nONBOOT=no', 'invalid-argument', /is not 1 to 15 letters/],
    ['lo', 'invalid-argument', /begins as interfaces of OpenVZ itself do/],
  ])('refuses the interface %j before vzctl is asked', async (name, code, what) => {
    host.plug('numbered')
    host.files.set('/sys/devices/virtual/net/bridged/upper_br0', { link: '../br0' })
    host.files.set(
      '/proc/net/route',
      'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n' +
        'uplink0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n' +
        'numbered\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n',
    )
    host.files.set('/proc/net/fib_trie', 'Local:\n     |-- 192.0.2.2\n        /32 host LOCAL\n')
    const error = await failure((await conn.lookupDomain('101')).attachHostdev(net(name), { live: true }))
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(what)])
    expect([host.changes, await configOf('101')]).toEqual([[], webConfig])
  })

  it('tells of each interface whether it may be given away, and that it is up', async () => {
    host.files.set('/sys/devices/virtual/net/eth1/flags', '0x1003\n')
    host.files.set('/sys/devices/virtual/net/bridged/upper_br0', { link: '../br0' })
    const told = async (name: string) => {
      const found = (await conn.listNodeDevices()).find((each) => each.name.startsWith(`net_${name}_`))
      const { assignable, findings } = (await found?.assignability()) ?? { assignable: undefined, findings: [] }
      return [assignable, findings.map(({ code }) => code)]
    }
    expect([await told('eth1'), await told('bridged')]).toEqual([
      [true, ['up']],
      [false, ['enslaved']],
    ])
  })

  it('keeps to what OpenVZ can do with an interface', async () => {
    const web = await conn.lookupDomain('101')
    const addressed: HostdevDef = { ...net('eth1'), ips: [{ address: '192.0.2.7', prefix: 24 }] } as HostdevDef
    expect(await failure(web.attachHostdev(addressed))).toMatchObject({
      code: 'config-unsupported',
      message: expect.stringMatching(/set them inside/),
    })
    const usb: HostdevDef = { kind: 'usb', source: { vendor: 0x0403, product: 0x6001 } }
    expect((await failure(web.attachHostdev(usb))).code).toBe('config-unsupported')
  })

  it('says that a device is not there, and that a stopped container cannot be changed live', async () => {
    const [web, off] = await Promise.all([conn.lookupDomain('101'), conn.lookupDomain('102')])
    expect((await failure(web.detachHostdev(net('eth9'), { config: true }))).code).toBe('device-missing')
    expect((await failure(off.attachHostdev(net('eth1'), { live: true }))).number).toBe(55)
  })

  it('waits for a vzctl that has the container locked, and is refused by one that does not end', async () => {
    const lock = join(host.root, 'vz/lock/102.lck')
    await writeFile(lock, `${process.pid}\nset\n`)
    const waiting = (await conn.lookupDomain('102')).attachHostdev(net('eth2'))
    const over = await Promise.race([waiting.then(() => true), new Promise((done) => setTimeout(done, 100))])
    expect([over, await configOf('102')]).toEqual([undefined, 'ONBOOT="no"\nNETDEV="eth5"\n'])
    await rm(lock)
    await waiting
    expect(await configOf('102')).toBe('ONBOOT="no"\nNETDEV="eth5 eth2"\n')

    await writeFile(join(host.root, 'vz/lock/101.lck'), `${process.pid}\n`)
    expect((await failure((await conn.lookupDomain('101')).attachHostdev(net('eth1'), { live: true }))).code).toBe(
      'resource-busy',
    )
  })

  it('takes no heed of a lock whose process has gone', async () => {
    await writeFile(join(host.root, 'vz/lock/102.lck'), '4194999\n')
    await (await conn.lookupDomain('102')).attachHostdev(net('eth2'))
    expect(await configOf('102')).toBe('ONBOOT="no"\nNETDEV="eth5 eth2"\n')
  })

  it('has interfaces back before a container stops, so that no veth dies with it', async () => {
    host.plug('veth0', 'veth', 'veth1')
    host.plug('veth1', 'veth', 'veth0')
    await using backend = await host.open()
    await using own = await connect(backend)
    const web = await own.lookupDomain('101')
    await web.attachHostdevs([net('veth0'), net('eth1')], { live: true, config: true })
    await web.shutdown()
    expect([...host.network.host.keys()].filter((name) => /veth|eth1/.test(name)).sort()).toEqual([
      'eth1',
      'veth0',
      'veth1',
    ])
    expect([await web.state(), await web.hostdevs()]).toEqual(['shutoff', [net('veth0'), net('eth1')]])
    expect((await failure(web.shutdown())).code).toBe('operation-invalid')
  })

  it('gives interfaces to the container again when it does not stop', async () => {
    const stubborn: RunCommand = async (argv, options) => {
      if (argv[1] === 'stop') throw new VirtError('operation-failed', 'vzctl ended with status 79', { exitStatus: 79 })
      return await host.vzctl.run(argv, options)
    }
    await using backend = await host.open({ run: stubborn })
    await using own = await connect(backend)
    const web = await own.lookupDomain('101')
    await web.attachHostdev(net('eth1'))
    expect((await failure(web.shutdown())).code).toBe('operation-failed')
    expect(insideOf('101')).toEqual(['eth1'])
  })

  it('tells which interfaces did not come back from a container that somebody has stopped', async () => {
    host.plug('veth0', 'veth', 'veth1')
    host.plug('veth1', 'veth', 'veth0')
    const web = await conn.lookupDomain('101')
    await web.attachHostdevs([net('veth0'), net('eth1'), net('eth2')])
    expect(conn.warnings()).toEqual([])
    const renamed = host.network.containers.get('101')?.get('eth2')
    if (renamed) host.network.containers.get('101')?.set('eth2', { ...renamed, name: 'other0' })
    await host.vzctl.execute(['vzctl', 'stop', '101'])
    host.files.delete('/run/netns/101')
    expect(
      conn
        .warnings()
        .map(({ path, problem }) => `${path}: ${problem}`)
        .sort(),
    ).toEqual([
      expect.stringMatching(/net\/eth2: the interface eth2 \(52:.*\) of container 101 came back as other0; rename it/),
      expect.stringMatching(/net\/veth0: the interface veth0 .* has not come back; it ended with the container/),
    ])
  })
})

describe('OpenVZ with vzctl 4 alone', () => {
  beforeEach(async () => {
    host = await OpenvzHost.make(4)
  })

  it('says what an older one lacks, and why', async () => {
    const old: RunCommand = async (argv, options) => {
      if (argv[1] === '--version') return { stdout: 'vzctl version 3.0.22\n', stderr: '' }
      if (argv[1] === '--help') return { stdout: '[--netdev_add <name>]\n', stderr: '' }
      return await host.vzctl.run(argv, options)
    }
    conn = await connect(host.open({ run: old }))
    const error = await failure((await conn.lookupDomain('101')).attachHostdev(pci(1), { live: true }))
    expect([error.code, error.message]).toEqual([
      'unsupported',
      expect.stringMatching(/vzctl 3\.0\.22 gives .* no PCI/),
    ])
    expect((await conn.probe()).filter(({ call }) => call === 'domains.attach')).toEqual([
      { call: 'domains.attach', can: true },
      { call: 'domains.attach', can: false, reason: expect.stringMatching(/no PCI/), remedy: expect.any(String) },
    ])
  })

  it('says that a kernel without OpenVZ is in the way', async () => {
    const bare: RunCommand = async (argv, options) => {
      if (argv[1] === 'set')
        throw new VirtError('operation-failed', 'vzctl ended with status 5', {
          exitStatus: 5,
          stderr: 'Unable to open /dev/vzctl: No such file or directory',
        })
      return await host.vzctl.run(argv, options)
    }
    conn = await connect(host.open({ run: bare }))
    const error = await failure((await conn.lookupDomain('101')).attachHostdev(net('eth1'), { live: true }))
    expect([error.code, error.message]).toEqual(['unsupported', expect.stringMatching(/the kernel has no OpenVZ/)])
    expect(await configOf('101')).toBe(webConfig)
  })
})

describe('OpenVZ with vzctl 9 alone', () => {
  beforeEach(async () => {
    host = await OpenvzHost.make(9)
    conn = await connect(host.open())
  })

  it.each([
    ['PCI="0000:09:00.0"', pci(9), /names the PCI device 0000:09:00\.0, which is not there/],
    ['NETDEV="tun0"', undefined, /names the interface tun0/],
  ])('says why it would refuse every change: %s', async (line, remedy, what) => {
    await writeFile(host.vzctl.configOf('101'), `${webConfig}${line}\n`)
    const web = await conn.lookupDomain('101')
    expect((await failure(web.attachHostdev(net('eth1'), { live: true }))).message).toMatch(what)
    expect(host.changes).toEqual([])
    if (!remedy) return
    await web.detachHostdev(remedy, { config: true })
    await web.attachHostdev(net('eth1'), { live: true })
    expect(insideOf('101')).toEqual(['eth1'])
  })
})

describe('OpenVZ without vzctl', () => {
  beforeEach(async () => {
    host = await OpenvzHost.make(4)
    conn = await connect(
      host.open({ run: () => Promise.reject(new VirtError('unsupported', 'there is no such program')) }),
    )
  })

  it('changes configs, and says what is missing for the rest', async () => {
    const web = await conn.lookupDomain('101')
    expect(await web.state()).toBe('nostate')
    await web.attachHostdev(net('eth1'), { config: true })
    await web.attachHostdev(net('eth2'))
    expect(await web.hostdevs()).toEqual([net('eth1'), net('eth2')])
    expect((await failure(web.attachHostdev(net('eth1'), { live: true }))).code).toBe('unsupported')
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
    openvz({
      configs: '/nowhere/at/all',
      files: new MemoryFiles(),
      run: async () => ({ stdout: '', stderr: '' }),
    }),
  )
  await expect(none.listDomains()).rejects.toMatchObject({ code: 'no-connection' })
})

nodeDeviceContract('OpenVZ', {
  async open(options) {
    return connect(
      openvz({ configs: '/', files: new MemoryFiles(), run: async () => ({ stdout: '', stderr: '' }) }),
      options,
    )
  },
})
