import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { capabilityOf, connect, VirtError } from '../../src/index.js'
import { linux, MemoryFiles } from '../../src/linux.js'
import type { RunCommand } from '../../src/os/command.js'
import { abilityContract } from '../contract/abilities.js'
import { nodeDeviceContract } from '../contract/node-devices.js'
import { smallTree, sysfs } from '../data/small-tree.js'

const inMemory = () => linux({ files: new MemoryFiles(smallTree) })

nodeDeviceContract('a Linux host in memory', { open: (options) => connect(inMemory(), options) })
nodeDeviceContract('this machine', { open: (options) => connect('linux:///', options) })
abilityContract('a Linux host in memory', { open: inMemory })
abilityContract('this machine', { open: linux })

describe('linux', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-linux-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  for (const [path, file] of smallTree) {
    mkdirSync(dirname(folder + path), { recursive: true })
    if (typeof file === 'string' || file instanceof Uint8Array) writeFileSync(folder + path, file)
    else if ('link' in file) symlinkSync(file.link, folder + path)
  }

  it('reads the copy of another host that a folder holds', async () => {
    await using conn = await connect(`linux:///?root=${encodeURIComponent(folder)}`)
    await using other = await connect(inMemory())
    const names = async (each: typeof conn) => (await each.listNodeDevices()).map((device) => device.name)
    expect(await names(conn)).toEqual(await names(other))
    expect(conn.uri).toBe(`linux:///?root=${encodeURIComponent(folder)}`)
  })

  it.each([
    ['linux:///?root=/nothing/there', 'no-connection'],
    ['linux:///dev', 'invalid-argument'],
    ['linux://host/', 'invalid-argument'],
    ['linux:///?rot=/', 'invalid-argument'],
  ])('refuses %s', async (uri, code) => {
    const error: unknown = await connect(uri).catch((reason: unknown) => reason)
    expect(VirtError.is(error) ? error.code : error).toBe(code)
  })

  it('asks ethtool once for the offloads of all interfaces or of the one that is wanted, in libvirt’s words', async () => {
    const commands: string[][] = []
    const feature = (active: boolean) => ({ active, fixed: false, requested: active })
    const offloads = {
      ifname: 'lo',
      'tx-udp_tnl-segmentation': feature(true),
      'rx-checksumming': feature(true),
      'tx-checksumming': feature(false),
    }
    const backend = await linux({
      files: new MemoryFiles(smallTree),
      features: true,
      run: async (argv) => {
        commands.push([...argv])
        return { stdout: JSON.stringify([offloads]), stderr: '' }
      },
    })
    const found: unknown[] = []
    for await (const def of backend.devices.defs?.({ capability: 'net' }, {}) ?? []) found.push(def.capabilities[0])
    expect(found).toMatchObject([{ interface: 'lo', features: ['rx', 'txudptnl'] }, { interface: 'br0' }])
    await backend.devices.lookup('net_lo_00_00_00_00_00_00', {})
    expect(commands).toEqual([
      ['ethtool', '--json', '-k', '*'],
      ['ethtool', '--json', '-k', 'lo'],
    ])
  })

  describe('asks devlink which cards switch by the kernel’s rules', () => {
    const card = (name: string, address: string, physfn?: string) => {
      const at = `/sys/devices/pci0000:00/${address}`
      return [
        ...sysfs(at, 'bus/pci', physfn === undefined ? {} : { physfn: { link: `../${physfn}` } }),
        ...sysfs(`${at}/net/${name}`, 'class/net', {
          uevent: `INTERFACE=${name}\n`,
          address: '02:00:00:00:00:01\n',
          device: { link: `../../../${address}` },
        }),
      ]
    }
    const tree = [
      ...card('pf0', '0000:03:00.0'),
      ...card('vf0', '0000:03:00.2', '0000:03:00.0'),
      ...card('pf1', '0000:03:00.1'),
      ...card('plain', '0000:04:00.0'),
      ...card('other', '0000:05:00.0'),
    ]
    const known = '{"dev":{"pci/0000:03:00.0":{},"pci/0000:03:00.1":{},"pci/0000:04:00.0":{},"auxiliary/a.sf.2":{}}}'
    const refused = (stderr: string) =>
      Promise.reject(new VirtError('operation-failed', `devlink ended with status 1: ${stderr}`, { stderr }))
    const names = ['lo', 'pf0', 'vf0', 'pf1', 'plain', 'other']

    async function ask(devlink: (asked: string) => string | Promise<never>) {
      const commands: string[] = []
      const run: RunCommand = async (argv) => {
        const asked = argv.slice(1).join(' ')
        if (argv[0] === 'ethtool') return { stdout: JSON.stringify(names.map((ifname) => ({ ifname }))), stderr: '' }
        commands.push(asked)
        return { stdout: await devlink(asked), stderr: '' }
      }
      await using conn = await connect(linux({ files: new MemoryFiles([...smallTree, ...tree]), features: true, run }))
      const features: Record<string, unknown> = {}
      for await (const { capabilities } of conn.nodeDeviceDefs({ capability: 'net' })) {
        const [each] = capabilities
        if (each?.kind === 'net' && each.features) features[each.interface] = each.features
      }
      return { commands, features, warnings: conn.warnings().map(({ problem }) => problem) }
    }

    it('once, then of each card that it knows, and says the same of virtual functions', async () => {
      const modes: Record<string, string | Promise<never>> = {
        '-j dev show': known,
        '-j dev eswitch show pci/0000:03:00.0':
          '{"dev":{"pci/0000:03:00.0":{"mode":"switchdev","inline-mode":"none"}}}',
        '-j dev eswitch show pci/0000:03:00.1': '{"dev":{"pci/0000:03:00.1":{"mode":"legacy"}}}',
        '-j dev eswitch show pci/0000:04:00.0': '{"dev":{}}',
      }
      const { commands, features, warnings } = await ask((asked) => modes[asked] ?? '')
      expect(features).toEqual({ pf0: ['switchdev'], vf0: ['switchdev'] })
      expect(commands).toEqual(Object.keys(modes))
      expect(warnings).toEqual([])
    })

    it('takes a card without a switch for one that does not', async () => {
      const { features, warnings } = await ask((asked) =>
        asked === '-j dev show' ? known : refused('kernel answers: Operation not supported'),
      )
      expect({ features, warnings }).toEqual({ features: {}, warnings: [] })
    })

    it.each([
      ['it may not', () => refused('kernel answers: Operation not permitted'), /not known: .*not permitted/],
      ['it prints nonsense', () => '{"dev":', /not known: /],
    ])('and says so when %s', async (_, answer, problem) => {
      const { features, warnings } = await ask((asked) => (asked === '-j dev show' ? known : answer()))
      expect(features).toEqual({})
      expect(warnings).toEqual([expect.stringMatching(problem)])
    })
  })

  it.each([
    ['is not there', async () => Promise.reject(new VirtError('unsupported', 'ethtool is not installed here'))],
    ['prints nonsense', async () => ({ stdout: '[{"ifname": {', stderr: '' })],
  ])('goes without offloads when ethtool %s, and says so', async (_, run) => {
    await using conn = await connect(linux({ files: new MemoryFiles(smallTree), features: true, run }))
    const device = await conn.lookupNodeDevice('net_lo_00_00_00_00_00_00')
    expect((await device.def()).capabilities[0]).not.toHaveProperty('features')
    expect(conn.warnings()).toMatchObject([{ path: '/sys/class/net' }])
  })

  it('has the names of devices from this machine only when the other host’s copy has none', async () => {
    const product = async (files: MemoryFiles) => {
      await using conn = await connect(linux({ files }))
      const def = await (await conn.lookupNodeDevice('pci_0000_00_1f_2')).def()
      return capabilityOf(def, 'pci')?.product.name
    }
    expect(await product(new MemoryFiles(smallTree))).toBe('SATA <AHCI>')
    // what this machine calls it, if it has a pci.ids at all
    const names = smallTree.filter(([path]) => !path.startsWith('/usr'))
    expect(['SATA <AHCI>', 'Other']).not.toContain(await product(new MemoryFiles(names)))
  })
})
