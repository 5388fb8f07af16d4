import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { capabilityOf, connect, VirtError } from '../../src/index.js'
import { linux, MemoryFiles } from '../../src/linux.js'
import { abilityContract } from '../contract/abilities.js'
import { nodeDeviceContract } from '../contract/node-devices.js'
import { smallTree } from '../data/small-tree.js'

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
