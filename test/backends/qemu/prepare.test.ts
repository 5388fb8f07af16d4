import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect } from '../../../src/index.js'
import { linux } from '../../../src/linux.js'
import { type HostdevInterface, type HostdevManager, hostdevManager, qemu } from '../../../src/qemu.js'
import { guestInterface } from '../../../src/xml.js'
import { virtualTree } from '../../data/virtual-tree.js'
import { FakeHost } from '../../fakes/managed-host.js'
import { FakeQemu } from '../../fakes/qemu-machine.js'

const nic = { kind: 'pci', managed: true, source: { address: { domain: 0, bus: 2, slot: 0, function: 0 } } } as const
const modem = { kind: 'usb', managed: false, source: { vendor: 0x1cbe, product: 2 } } as const

let host: FakeHost
let folder: string
let manager: HostdevManager
const options = () => ({
  files: host.files,
  writes: host.kernel,
  run: host.kernel.run,
  stateFolder: join(folder, 'state'),
  settle: 20,
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostdev-qemu-'))
  host = new FakeHost()
  host.files.set(`/proc/${process.pid}/stat`, `${process.pid} (no)de) S ${'1 '.repeat(18)}4711 0\n`)
  manager = hostdevManager(options())
})
afterEach(async () => {
  await manager[Symbol.asyncDispose]()
  host[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

describe('prepareHost of an interface', () => {
  const source = { kind: 'pci', address: { domain: 0, bus: 6, slot: 16, function: 1 } } as const
  const lan = { kind: 'hostdev', managed: true, source, mac: { address: '52:54:00:6d:90:02' } } as const
  let said: () => Promise<{ address: string; vlan_list: object[] }>
  beforeEach(async () => {
    await manager[Symbol.asyncDispose]()
    host[Symbol.dispose]()
    host = new FakeHost(virtualTree)
    manager = hostdevManager(options())
    await using conn = await connect(linux(options()))
    await (await conn.lookupNodeDevice('pci_0000_06_00_0')).setVirtualFunctions(2)
    const show = ['ip', '-json', 'link', 'show', 'dev', 'lan6']
    said = async () => JSON.parse((await host.kernel.run(show)).stdout)[0].vfinfo_list[1]
  })

  it('sets its hardware address and VLAN until it is given back', async () => {
    const before = [await said(), host.drivers()]
    const { argv } = await manager.prepareHost('web', [{ ...lan, vlan: { tags: [{ id: 42 }] } }])
    expect(argv.at(-1)).toBe('{"driver":"vfio-pci","host":"0000:06:10.1","id":"hostdev0"}')
    expect(await said()).toMatchObject({ address: '52:54:00:6d:90:02', vlan_list: [{ vlan: 42 }] })
    expect(await manager.releaseHost('web')).toEqual(['pci_0000_06_10_1'])
    expect([await said(), host.drivers()]).toEqual(before)
  })

  it('is the same for a guest that runs, and undone with the device', async () => {
    await using web = await FakeQemu.start({ name: 'web' })
    await using conn = await connect(qemu({ ...options(), monitors: { web: web.path } }))
    const guest = await conn.lookupDomain('web')
    const before = [await said(), host.drivers()]
    const attached = await guest.attachHostdev(guestInterface.format({ ...lan, vlan: { tags: [{ id: 42 }] } }))
    expect(attached).toMatchObject({ kind: 'pci', managed: true, alias: 'hostdev0' })
    expect(await said()).toMatchObject({ address: '52:54:00:6d:90:02', vlan_list: [{ vlan: 42 }] })
    expect(await guest.attachHostdev(lan)).toEqual(attached)
    await guest.detachHostdev(lan)
    expect([await said(), host.drivers()]).toEqual(before)
    const { managed: _, ...unmanaged } = lan
    await expect(guest.attachHostdev(unmanaged)).rejects.toMatchObject({ number: 67 })
  })

  it('is undone when QEMU refuses the device', async () => {
    await using web = await FakeQemu.start({ name: 'web' })
    web.refuses = 'no room'
    await using conn = await connect(qemu({ ...options(), monitors: { web: web.path } }))
    const before = [await said(), host.drivers()]
    await expect((await conn.lookupDomain('web')).attachHostdev(lan)).rejects.toThrow('no room')
    expect([await said(), host.drivers()]).toEqual(before)
  })

  it.each([
    ['several VLANs', { ...lan, vlan: { trunk: true, tags: [{ id: 42 }, { id: 43 }] } }],
    ['a switch port', { ...lan, virtualPort: { kind: '802.1Qbh' as const, parameters: { profileid: 'x' } } }],
    ['an address that nobody would restore', { ...lan, managed: false }],
  ])('refuses one with %s', async (_what, def) => {
    await expect(manager.prepareHost('web', [def as HostdevInterface])).rejects.toMatchObject({ number: 67 })
  })
})

describe('prepareHost', () => {
  it('makes devices ready and says them in words of the command line', async () => {
    const before = host.drivers()
    const { hostdevs, argv } = await manager.prepareHost('web', [nic, modem])
    expect(hostdevs.map((def) => 'alias' in def && def.alias)).toEqual(['hostdev0', 'hostdev1'])
    expect(argv).toEqual([
      '-device',
      '{"driver":"vfio-pci","host":"0000:02:00.0","id":"hostdev0"}',
      '-device',
      '{"driver":"usb-host","hostdevice":"/dev/bus/usb/001/005","id":"hostdev1"}',
    ])
    expect(host.kernel.driverOf('pci', '0000:02:00.0')).toBe('vfio-pci')
    expect(await manager.releaseHost('web')).toEqual(['pci_0000_02_00_0', 'usb_1_1'])
    expect(host.drivers()).toEqual(before)
    expect(await manager.releaseHost('web')).toEqual([])
  })

  it('gives devices to one guest, and all of them or none', async () => {
    const before = host.drivers()
    await manager.prepareHost('web', [modem])
    await expect(manager.prepareHost('mail', [nic, modem])).rejects.toMatchObject({
      code: 'operation-invalid',
      message: /usb_1_1 is in use by driver QEMU, domain web/,
    })
    expect(host.drivers()).toEqual(before)
  })

  it('keeps devices for a guest that is being started, and gives them back when whoever starts it has died', async () => {
    const before = host.drivers()
    const monitor = join(folder, 'web.sock')
    await manager.prepareHost('web', [nic], { monitor })
    await using conn = await connect(qemu({ ...options(), monitors: { web: monitor } }))
    expect(await conn.recover()).toEqual([])
    host.files.set(`/proc/${process.pid}/stat`, `${process.pid} (node) S ${'1 '.repeat(18)}9999 0\n`)
    expect(await conn.recover()).toMatchObject([{ devices: ['pci_0000_02_00_0'], result: 'finished' }])
    expect(host.drivers()).toEqual(before)
  })

  it('has the devices listed and taken back over the monitor while the guest runs', async () => {
    const before = host.drivers()
    await using web = await FakeQemu.start({ name: 'web' })
    const { hostdevs } = await manager.prepareHost('web', [nic], { monitor: web.path })
    web.devices.set('hostdev0', { type: 'vfio-pci', bus: 'rp1', props: { host: '0000:02:00.0', addr: 0 } })
    await using conn = await connect(qemu({ ...options(), monitors: { web: web.path } }))
    const guest = await conn.lookupDomain('web')
    expect(await guest.hostdevs()).toEqual(hostdevs)
    await guest.detachHostdev({ alias: 'hostdev0' })
    expect(host.drivers()).toEqual(before)
  })

  it('is undone only when QEMU has let go', async () => {
    await manager.prepareHost('web', [nic])
    host.process(77, ['qemu-system-x86_64', '-name', 'web'], '/dev/vfio/26')
    await expect(manager.releaseHost('web')).rejects.toMatchObject({
      code: 'resource-busy',
      message: /still held by qemu-system-x86, process 77/,
    })
  })
})
