import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { detach } from '../../../src/manager/detach.js'
import { assignability } from '../../../src/manager/preflight/assignability.js'
import { type Hypervisor, takeInventory } from '../../../src/manager/preflight/inventory.js'
import type { FindingCode } from '../../../src/model/finding.js'
import type { Capability } from '../../../src/model/node-device.js'
import type { MemoryFile } from '../../../src/os/host-files-memory.js'
import { pci, usbRoot } from '../../data/passthrough-tree.js'
import { config, sysfs } from '../../data/small-tree.js'
import { FakeHost } from '../../fakes/managed-host.js'

const root = '/sys/devices/pci0000:00'
const nicFolder = `${root}/0000:00:1c.0/0000:02:00.0`

let host: FakeHost
beforeEach(() => {
  host = new FakeHost()
})
afterEach(() => host[Symbol.dispose]())

const set = (...files: readonly (readonly [string, MemoryFile])[]) => {
  for (const [path, file] of files) host.files.set(path, file)
}
async function look(name: string, hypervisor: Hypervisor = 'qemu') {
  return await assignability(await takeInventory(host.managed, { for: hypervisor }), await host.def(name))
}
const codes = async (name: string, hypervisor?: Hypervisor): Promise<FindingCode[]> =>
  (await look(name, hypervisor)).findings.map(({ code }) => code)

describe('assignability of a PCI function', () => {
  it('lets a NIC alone in its group go, and tells how it is reset', async () => {
    expect(await look('pci_0000_02_00_0')).toEqual({
      assignable: true,
      findings: [
        { code: 'reset', severity: 'note', message: 'can be reset: pm, bus', facts: { methods: ['pm', 'bus'] } },
      ],
    })
  })

  it.each([
    ['has processes of its own', { pid: '4026532201', net: '4026531840' }, ['unseen', 'reset']],
    ['has a network of its own', { pid: '4026531836', net: '4026532204' }, ['unseen', 'reset']],
    ['has the network of the host', { pid: '4026531836', net: '4026531840' }, ['reset']],
  ])('looks at a NIC without an interface from a container that %s', async (_, { pid, net }, found) => {
    const namespace = (at: string, number: string) => set([`/proc/${at}`, { link: `${at.slice(-3)}:[${number}]` }])
    namespace('self/ns/pid', pid)
    namespace('self/ns/net', net)
    namespace('1/ns/net', '4026531840')
    expect(await codes('pci_0000_02_00_0')).toEqual(found)
    expect((await look('pci_0000_02_00_0')).assignable).toBe(found.length === 1)
    set(...sysfs(`${nicFolder}/net/eth0`, 'class/net', {}))
    expect(await codes('pci_0000_02_00_0')).toEqual(['reset'])
  })

  it('names the members of its group that the host uses, and what helps', async () => {
    expect((await look('pci_0000_01_00_0')).findings[0]).toEqual({
      code: 'group-not-viable',
      severity: 'blocker',
      message: 'shares IOMMU group 25 with pci_0000_01_00_1 (e1000e), which the host uses',
      remedy: 'detach the whole group: they can only be given away together',
      facts: { group: 25, members: ['pci_0000_01_00_1'] },
    })
  })

  it.each([
    ['vfio-pci', true],
    ['pci-stub', true],
    [undefined, true],
    ['e1000e', false],
  ])('finds a group viable whose other member has the driver %s: %s', async (driver, viable) => {
    const path = `${root}/0000:00:1c.1/0000:01:00.1/driver`
    if (driver === undefined) host.files.delete(path)
    else set([path, { link: `/sys/bus/pci/drivers/${driver}` }])
    expect((await look('pci_0000_01_00_0')).assignable).toBe(viable)
  })

  it('does not mind a bridge in the group that pcieport has', async () => {
    host.files.delete(`${root}/0000:03:00.0/0000:04:02.0/driver`)
    const { assignable, findings } = await look('pci_0000_04_01_0')
    expect(assignable).toBe(true)
    expect(findings.map(({ message }) => message)).toContain(
      'shares IOMMU group 27 with pci_0000_03_00_0 (pcieport), pci_0000_04_02_0, which is no obstacle',
    )
  })

  it('minds a bridge with another driver, as kernels since 5.19 do', async () => {
    host.files.delete(`${root}/0000:03:00.0/0000:04:02.0/driver`)
    set([`${root}/0000:03:00.0/driver`, { link: '/sys/bus/pci/drivers/shpchp' }])
    expect((await codes('pci_0000_04_01_0'))[0]).toBe('group-not-viable')
  })

  it('explains a large group by the ports that do not keep devices apart', async () => {
    const plain = config({ 6: [0x10], 14: [0x01], 52: [0x40], 64: [0x10, 0x00] })
    set([`${root}/0000:03:00.0/config`, plain])
    const found = (await look('pci_0000_04_01_0')).findings.find(({ code }) => code === 'no-acs')
    expect(found).toMatchObject({
      message: 'shares its group because pci_0000_03_00_0 does not keep devices apart (ACS)',
      facts: { ports: ['pci_0000_03_00_0'] },
    })
  })

  it('finds no fault with a port that has ACS on', async () => {
    const acs = { 6: [0x10], 256: [0x0d, 0x00, 0x01, 0x00, 0x00, 0x00, 0x1d, 0x00] }
    set([`${root}/0000:03:00.0/config`, config(acs, 4096)])
    expect(await codes('pci_0000_04_01_0')).not.toContain('no-acs')
  })

  it.each<[string, FindingCode, () => void]>([
    ['a bridge', 'bridge', () => set([`${nicFolder}/class`, '0x060400\n'])],
    ['one in no group', 'no-iommu-group', () => host.files.delete(`${nicFolder}/iommu_group`)],
    ['one that does not answer', 'inaccessible', () => set([`${nicFolder}/config`, new Uint8Array(64).fill(0xff)])],
    ['one on a host without IOMMU', 'no-iommu', () => host.files.delete('/sys/kernel/iommu_groups')],
    [
      'one on a kernel without VFIO',
      'no-vfio',
      () => set(['/lib/modules/6.1.0-test/modules.dep', 'kernel/fs/ext4.ko:\n']),
    ],
    [
      'one where /dev/vfio is missing',
      'no-vfio',
      () => {
        host.files.delete('/dev/vfio')
        set(['/sys/module/vfio_pci/refcnt', '0\n'])
      },
    ],
    ['the first graphics card', 'boot-vga', () => set([`${nicFolder}/boot_vga`, '1\n'])],
    ['one that a guest has', 'in-use', () => host.process(9, ['qemu-system-x86_64', '-name', 'g'], '/dev/vfio/26')],
    [
      'one that a program has open by its own node',
      'open',
      () => {
        set([`${nicFolder}/sound/card0/controlC0/dev`, '116:1\n'])
        set(['/sys/class/sound/controlC0', { link: `${nicFolder}/sound/card0/controlC0` }])
        host.process(9, ['pipewire'], '/dev/snd/controlC0')
      },
    ],
  ])('speaks against %s: %s', async (_what, code, arrange) => {
    arrange()
    const { assignable, findings } = await look('pci_0000_02_00_0')
    expect([assignable, findings[0]?.code]).toEqual([false, code])
  })

  it('needs neither an IOMMU nor a whole group for Xen', async () => {
    host.files.delete('/sys/kernel/iommu_groups')
    expect((await look('pci_0000_01_00_0', 'xen')).assignable).toBe(true)
  })

  it('warns of virtual functions that vanish, and refuses while a guest has one', async () => {
    expect((await look('pci_0000_05_00_0')).findings[0]).toMatchObject({
      code: 'virtual-functions',
      message: 'has 1 virtual functions, which vanish with its driver',
    })
    host.process(9, ['qemu-system-x86_64', '-name', 'g'], '/dev/vfio/35')
    expect((await look('pci_0000_05_00_0')).findings[0]).toMatchObject({
      code: 'in-use',
      message: 'has a virtual function, pci_0000_05_00_1, that is in use by driver QEMU, domain g',
    })
  })

  it('does not take a virtual function for dead whose ids read as ones', async () => {
    set([`${root}/0000:05:00.1/config`, new Uint8Array(64).fill(0xff)])
    expect(await codes('pci_0000_05_00_1')).toEqual(['reset'])
  })

  it('notes an option ROM, that it is detached, and that nothing resets it', async () => {
    set([`${nicFolder}/rom`, ''], [`${nicFolder}/reset_method`, '\n'])
    set([`${nicFolder}/driver`, { link: '/sys/bus/pci/drivers/vfio-pci' }])
    const { assignable, findings } = await look('pci_0000_02_00_0')
    expect(assignable).toBe(true)
    expect(findings.map(({ message }) => message)).toEqual([
      'is held for guests by vfio-pci',
      'cannot be reset: a guest finds it as the last one has left it',
      'has an option ROM',
    ])
  })
})

describe('assignability of other devices', () => {
  it('lets a USB device go, and no hub', async () => {
    expect(await look('usb_1_1')).toEqual({ assignable: true, findings: [] })
    expect(await codes('usb_usb1')).toEqual(['hub'])
  })

  it('speaks against the keyboard of the host', async () => {
    const at = `${usbRoot}/1-2/1-2:1.0/input/input5`
    set(
      [`${at}/name`, 'ACME\n'],
      [`${at}/capabilities/key`, 'fffffffffffffffe\n'],
      ['/sys/class/input/input5', { link: at }],
    )
    expect(await codes('usb_1_2')).toEqual(['input'])
    expect(await codes('pci_0000_00_14_0')).toContain('input')
  })

  it.each([
    ['net', `${nicFolder}/net/eth0`, 'pci_0000_02_00_0'],
    ['usb', `${usbRoot}/1-1/1-1:1.0`, 'usb_1_1'],
    ['storage', `${usbRoot}/1-3/1-3:1.0/host2/target2:0:0/2:0:0:0/block/sdb`, 'scsi_2_0_0_0'],
    ['scsi_host', `${root}/0000:00:1f.2/ata1/host0`, 'pci_0000_00_1f_2'],
    ['system', '', undefined],
  ])('says of a device of the kind %s what it belongs to', async (kind, path, owner) => {
    const def = { name: 'x', path, capabilities: [{ kind } as Capability] }
    const { findings } = await assignability(await takeInventory(host.managed), def)
    expect(findings).toEqual([
      {
        code: 'not-assignable',
        severity: 'blocker',
        message: `is of the kind ${kind}, which is not given away by itself`,
        ...(owner && { remedy: `give away what it belongs to: ${owner}` }),
        facts: owner ? { device: owner } : {},
      },
    ])
  })

  it('wants the generic node of a SCSI unit, and minds who has it open', async () => {
    const unit = `${root}/0000:05:00.0/host0/target0:0:0/0:0:0:0`
    set(...sysfs(unit, 'bus/scsi', { type: '0\n' }))
    const def = {
      name: 'scsi_0_0_0_0',
      path: unit,
      capabilities: [{ kind: 'scsi', host: 0, bus: 0, target: 0, lun: 0 }],
    } as const
    const find = async () =>
      assignability(await takeInventory(host.managed), { ...def, capabilities: [...def.capabilities] })
    expect((await find()).findings.map(({ code }) => code)).toEqual(['no-scsi-generic'])
    set(
      [`${unit}/scsi_generic/sg3/dev`, '21:3\n'],
      ['/sys/class/scsi_generic/sg3', { link: `${unit}/scsi_generic/sg3` }],
    )
    expect((await find()).findings).toEqual([])
    host.process(9, ['qemu-system-x86_64', '-name', 'g'], '/dev/sg3')
    expect((await find()).findings.map(({ code }) => code)).toEqual(['in-use'])
  })

  it('minds who has a mediated device', async () => {
    const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa2001'
    set(
      ...sysfs(`/sys/devices/virtual/mtty/mtty/${uuid}`, 'bus/mdev', {
        iommu_group: { link: '/sys/kernel/iommu_groups/50' },
      }),
    )
    const def = { name: `mdev_${uuid}`, capabilities: [{ kind: 'mdev' as const, type: 'mtty-2', uuid }] }
    const find = async () => assignability(await takeInventory(host.managed), def)
    expect(await find()).toEqual({ assignable: true, findings: [] })
    host.process(9, ['qemu-system-x86_64', '-name', 'g'], '/dev/vfio/50')
    expect((await find()).assignable).toBe(false)
  })
})

describe('a whole group', () => {
  it('is refused for any of its members that the host needs', async () => {
    using other = new FakeHost(
      pci('0000:01:00.2', { class: '0x030000', driver: 'e1000e', group: 25, files: { boot_vga: '1\n' } }),
    )
    await expect(detach(other.managed, await other.def('pci_0000_01_00_0'), { wholeGroup: true })).rejects.toThrow(
      /pci_0000_01_00_2 is the graphics card that the firmware has started on/,
    )
  })
})
