import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DetachOptions } from '../../src/backend.js'
import { Book } from '../../src/manager/book.js'
import { detach } from '../../src/manager/detach.js'
import { readPciFunction } from '../../src/manager/pci-function.js'
import { reattach } from '../../src/manager/reattach.js'
import { reset } from '../../src/manager/reset.js'
import { usbDeviceReady } from '../../src/manager/usb-device.js'
import { pci, usb, usbRoot } from '../data/passthrough-tree.js'
import { FakeHost } from '../fakes/managed-host.js'

const nic = 'pci_0000_02_00_0'
const [first, second] = ['pci_0000_01_00_0', 'pci_0000_01_00_1']

let host: FakeHost
beforeEach(() => {
  host = new FakeHost()
})
afterEach(() => host[Symbol.dispose]())

const take = async (name: string, options: DetachOptions = {}) => detach(host.managed, await host.def(name), options)
const giveBack = async (name: string) => reattach(host.managed, await host.def(name), {})
const resetIt = async (name: string) => reset(host.managed, await host.def(name), {})
const nicAddress = '0000:02:00.0'

describe('detach', () => {
  it.each([
    ['a NIC alone in its group', [nic]],
    ['both functions of a card, one by one', [first, second]],
    ['a device behind a conventional bridge', ['pci_0000_04_01_0']],
    ['a virtual function that has no driver', ['pci_0000_05_00_1']],
    ['a USB device whose driver has two interfaces', ['usb_1_1']],
    ['a USB device with an interface that has no driver', ['usb_1_2']],
  ])('takes %s, and reattach leaves the host as it was', async (_what, names) => {
    const before = host.drivers()
    for (const name of names) await take(name)
    expect(host.drivers()).not.toEqual(before)
    for (const name of [...names].reverse()) await giveBack(name)
    expect(host.drivers()).toEqual(before)
    expect(host.managed.state.names().filter((name) => !name.startsWith('lock-'))).toEqual([])
  })

  it('has vfio-pci hold a PCI function', async () => {
    await take(nic)
    expect(host.drivers()[nicAddress]).toBe('vfio-pci vfio-pci')
  })

  it('restores the override that the function had', async () => {
    host.files.set('/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/driver_override', 'e1000e\n')
    await take(nic)
    await giveBack(nic)
    expect(host.drivers()[nicAddress]).toBe('e1000e e1000e')
  })

  it('takes the driver from every interface of a USB device', async () => {
    await take('usb_1_1')
    expect([host.drivers()['1-1:1.0'], host.drivers()['1-1:1.1']]).toEqual(['-', '-'])
  })

  it('takes the whole group, but for the bridge in it', async () => {
    await take('pci_0000_04_02_0', { wholeGroup: true })
    const drivers = host.drivers()
    expect([drivers['0000:03:00.0'], drivers['0000:04:01.0'], drivers['0000:04:02.0']]).toEqual([
      'pcieport',
      'vfio-pci vfio-pci',
      'vfio-pci vfio-pci',
    ])
  })

  it('takes none of the group when one of it fails', async () => {
    const before = host.drivers()
    host.kernel.refusing.set('/sys/bus/pci/drivers/8139cp/unbind', 'EBUSY')
    await expect(take('pci_0000_04_02_0', { wholeGroup: true })).rejects.toMatchObject({ details: { errno: 'EBUSY' } })
    expect(host.drivers()).toEqual(before)
  })

  it('leaves what is held already as it is', async () => {
    await take(nic)
    expect(await take(nic)).toEqual([])
    expect(await take(nic, { driver: 'vfio' })).toEqual([])
  })

  it('writes nothing in a dry run, and answers what would be done', async () => {
    const steps = await take(nic, { dryRun: true })
    expect(steps).toEqual([
      { run: ['modprobe', 'vfio_pci'] },
      { write: `/sys/bus/pci/devices/${nicAddress}/driver_override`, value: 'vfio-pci' },
      { write: '/sys/bus/pci/drivers/e1000e/unbind', value: nicAddress },
      { write: '/sys/bus/pci/drivers_probe', value: nicAddress },
    ])
    expect([host.kernel.log, host.managed.state.names()]).toEqual([[], []])
    expect(await take(nic)).toEqual(steps)
  })

  it.each([
    ['vfio-pci', 'vfio-pci vfio-pci'],
    ['xen', 'pciback pciback'],
    ['mlx5_vfio_pci', 'mlx5_vfio_pci mlx5_vfio_pci'],
  ])('takes the driver %s that it is told', async (driver, held) => {
    await take(nic, { driver })
    expect(host.drivers()[nicAddress]).toBe(held)
  })

  it('chooses the variant of vfio-pci that knows the device', async () => {
    using other = new FakeHost(pci('0000:06:00.0', { id: '15b3:101e', driver: 'nvme', group: 40 }))
    await detach(other.managed, await other.def('pci_0000_06_00_0'), {})
    expect(other.drivers()['0000:06:00.0']).toBe('mlx5_vfio_pci mlx5_vfio_pci')
  })

  it('finds the driver of a module that is loaded by its name there', async () => {
    host.files.set('/sys/module/vfio_pci/drivers/pci:vfio-pci', { link: '/sys/bus/pci/drivers/vfio-pci' })
    await take(nic)
    expect(host.drivers()[nicAddress]).toBe('vfio-pci vfio-pci')
  })
})

describe('detach, in the order of libvirt’s checks,', () => {
  const withoutIommu = () => host.files.delete('/sys/kernel/iommu_groups')

  it.each([
    ['an unknown driver', 'usb_usb1', 'nonsense', 8],
    ['the driver kvm', 'usb_usb1', 'kvm', 74],
    ['a name from Object.prototype', nic, 'constructor', 8],
    ['a device that is not PCI', 'computer', undefined, 8],
    ['a driver for a USB device', 'usb_1_1', 'vfio', 74],
  ])('refuses %s', async (_what, name, driver, number) => {
    await expect(take(name, driver === undefined ? {} : { driver })).rejects.toMatchObject({ number })
  })

  it('complains of the driver before the IOMMU, and of the IOMMU before the kind of device', async () => {
    withoutIommu()
    await expect(take('computer', { driver: 'nonsense' })).rejects.toMatchObject({ number: 8 })
    await expect(take('computer')).rejects.toMatchObject({
      number: 74,
      message: expect.stringMatching(/intel_iommu|VT-d/),
    })
    await expect(take(nic)).rejects.toMatchObject({ number: 74 })
  })

  it('needs no IOMMU for Xen, nor for USB devices', async () => {
    withoutIommu()
    await take(nic, { driver: 'xen' })
    await take('usb_1_1')
    expect([host.drivers()[nicAddress], host.drivers()['1-1:1.0']]).toEqual(['pciback pciback', '-'])
  })

  it('refuses a bridge, which libvirt would leave without a driver', async () => {
    await expect(take('pci_0000_00_1c_0')).rejects.toMatchObject({
      number: 55,
      message: 'pci_0000_00_1c_0 is a bridge to further buses, which no guest can have',
    })
  })

  it('refuses a hub', async () => {
    await expect(take('usb_usb1')).rejects.toMatchObject({ number: 55, message: expect.stringContaining('is a hub') })
  })

  it('says that a device has gone', async () => {
    const def = await host.def(nic)
    host.files.delete('/sys/bus/pci/devices/0000:02:00.0')
    await expect(detach(host.managed, def, {})).rejects.toMatchObject({ code: 'device-missing', number: 99 })
  })
})

describe('a device that is in use', () => {
  const argv = ['/usr/bin/qemu-system-x86_64', '-name', 'guest=g,debug-threads=on', '-S']

  it('by a QEMU is neither detached nor reattached nor reset', async () => {
    await take(nic)
    host.process(4711, argv, '/dev/vfio/vfio', '/dev/vfio/26')
    for (const refused of [take, giveBack, resetIt])
      await expect(refused(nic)).rejects.toMatchObject({
        number: 55,
        message: `${nic} is in use by driver QEMU, domain g; detach it from there first`,
      })
  })

  it('by another program neither', async () => {
    await take(nic)
    host.process(4712, ['/usr/bin/dpdk-testpmd'], '/dev/vfio/26')
    await expect(giveBack(nic)).rejects.toThrow(`${nic} is in use by dpdk-testpmd, process 4712`)
  })

  it('through a member of its group neither', async () => {
    await take(first)
    await take(second)
    host.process(4711, argv, '/dev/vfio/25')
    await expect(giveBack(second)).rejects.toThrow(/pci_0000_01_00_1 is in use by driver QEMU, domain g/)
  })

  it('by a USB guest neither', async () => {
    host.process(4711, argv, '/dev/bus/usb/001/005')
    await expect(take('usb_1_1')).rejects.toThrow('usb_1_1 is in use by driver QEMU, domain g')
  })

  it('by a guest that the book names neither, until its hypervisor says otherwise', async () => {
    const device = readPciFunction(host.files, nicAddress)
    new Book(host.managed).put({ ...device, users: [{ driver: 'xenlight', domain: 'dom7' }] })
    await expect(take(nic)).rejects.toThrow('is in use by driver xenlight, domain dom7')
    const asked = { ...host.managed, guests: { has: async () => false, give: async () => {}, take: async () => {} } }
    await detach(asked, await host.def(nic), {})
    expect(host.drivers()[nicAddress]).toBe('vfio-pci vfio-pci')
  })

  it('in a change that was cut off is refused until it is recovered', async () => {
    host.kernel.refusing.set('/sys/bus/pci/drivers_probe', 'EINVAL')
    await expect(take(nic)).rejects.toThrow(/undoing it has failed/)
    for (const refused of [take, giveBack, resetIt])
      await expect(refused(nic)).rejects.toThrow(/was left by process \d+ in the middle of a detach; recover it/)
  })
})

describe('detach of what the host itself needs', () => {
  const routes =
    'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\nens2\t00000000\t0101A8C0\t3\t0\t0\t0\t00000000\n'
  beforeEach(() => {
    const at = '/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/net/ens2'
    host.files.set(`${at}/ifindex`, '2\n')
    host.files.set('/sys/class/net/ens2', { link: at })
    host.files.set('/proc/net/route', routes)
  })

  it('is refused', async () => {
    await expect(take(nic)).rejects.toMatchObject({
      number: 55,
      message: `${nic} carries the host's default route (ens2); route over another interface first; it can be forced`,
    })
  })

  it('is done when it is forced', async () => {
    await take(nic, { force: true })
    expect(host.drivers()[nicAddress]).toBe('vfio-pci vfio-pci')
  })
})

describe('reattach', () => {
  it('leaves the choice to the kernel when nobody knows what the device had', async () => {
    using other = new FakeHost([
      ['/sys/bus/pci/drivers/vfio-pci/unbind', ''],
      ...pci('0000:06:00.0', { driver: 'vfio-pci', group: 40, files: { driver_override: 'vfio-pci\n' } }),
    ])
    await reattach(other.managed, await other.def('pci_0000_06_00_0'), {})
    expect(other.drivers()['0000:06:00.0']).toBe('e1000e')
  })

  it('does nothing to a device that the host has', async () => {
    expect(await giveBack(nic)).toEqual([])
    expect(host.kernel.log).toEqual([])
  })

  it('clears an override that was left', async () => {
    host.files.set('/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/driver_override', 'vfio-pci\n')
    await giveBack(nic)
    expect(host.drivers()[nicAddress]).toBe('e1000e')
  })

  it('knows nothing of a device that another has replaced', async () => {
    await take(nic)
    host.files.delete('/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0')
    for (const [path, file] of pci('0000:02:00.0', { below: '/sys/devices/pci0000:00/0000:00:1c.0', group: 26 }))
      host.files.set(path, file)
    expect(await giveBack(nic)).toEqual([])
  })

  it('keeps the device where it is, and its record, when its driver has gone', async () => {
    await take(nic)
    host.kernel.unwilling.add('e1000e')
    await expect(giveBack(nic)).rejects.toThrow(/drivers_probe was taken by the kernel without the driver e1000e/)
    expect(host.drivers()[nicAddress]).toBe('vfio-pci vfio-pci')
    host.kernel.unwilling.clear()
    await giveBack(nic)
    expect(host.drivers()[nicAddress]).toBe('e1000e')
  })

  it('finds drivers for the interfaces of a USB device that nobody has detached', async () => {
    host.files.delete(`${usbRoot}/1-2/1-2:1.0/driver`)
    await giveBack('usb_1_2')
    expect(host.drivers()['1-2:1.0']).toBe('usbhid')
  })

  it('refuses what is neither PCI nor USB with error 8', async () => {
    await expect(giveBack('computer')).rejects.toMatchObject({ number: 8 })
  })
})

describe('reset', () => {
  it('resets a device that is detached', async () => {
    await take(nic)
    expect(await resetIt(nic)).toEqual([{ write: `/sys/bus/pci/devices/${nicAddress}/reset`, value: '1' }])
  })

  it('resets a device that has no driver', async () => {
    expect(await resetIt('pci_0000_05_00_1')).toHaveLength(1)
  })

  it.each([
    ['what is not PCI', 'usb_1_1', 8, 'is not a PCI device'],
    ['a bridge', 'pci_0000_00_1c_0', 55, 'is a bridge'],
    ['a device that its driver uses', nic, 55, 'is in use by its driver e1000e; detach it first'],
  ])('refuses %s', async (_what, name, number, message) => {
    await expect(resetIt(name)).rejects.toMatchObject({ number, message: expect.stringContaining(message) })
  })

  it('says that the kernel knows no way', async () => {
    await take(nic)
    host.files.set('/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/reset_method', '\n')
    await expect(resetIt(nic)).rejects.toMatchObject({ code: 'operation-unsupported', number: 84 })
  })
})

describe('an ordinary user', () => {
  const override = `/sys/bus/pci/devices/${nicAddress}/driver_override`

  it.each([
    ['detach', override, () => take(nic)],
    ['reattach', override, () => giveBack(nic)],
    ['reset', `/sys/bus/pci/devices/${nicAddress}/reset`, () => resetIt(nic)],
    ['detach of a USB device', '/sys/bus/usb/devices/1-1:1.0/driver/unbind', () => take('usb_1_1')],
    ['reattach of a USB device', '/sys/bus/usb/drivers_probe', () => giveBack('usb_1_1')],
  ])('is told by %s which right is missing, before anything is done', async (_what, path, work) => {
    host.kernel.refusing.set(path, 'EACCES')
    await expect(work()).rejects.toMatchObject({
      code: 'access-denied',
      number: 88,
      message: expect.stringMatching(/cannot be written: this user may not write it; only root may/),
    })
    expect([host.kernel.log, host.managed.state.names()]).toEqual([[], []])
  })

  it('may look at what would be done', async () => {
    host.kernel.refusing.set(override, 'EACCES')
    expect(await take(nic, { dryRun: true })).toHaveLength(4)
  })
})

describe('usbDeviceReady', () => {
  const late = `${usbRoot}/1-3`
  const plug = (interfaces: number) => {
    for (const [path, file] of usb(
      late,
      { busnum: '1\n', devnum: '9\n', bNumInterfaces: ' 2\n' },
      Array(interfaces).fill({ class: 'ff' }),
    ))
      host.files.set(path, file)
  }

  it('waits until all interfaces and the node are there', async () => {
    plug(1)
    setTimeout(() => plug(2), 30)
    setTimeout(() => host.files.set('/dev/bus/usb/001/009', { kind: 'char' }), 60)
    expect((await usbDeviceReady(host.files, '1-3')).interfaces.map(({ sysname }) => sysname)).toEqual([
      '1-3:1.0',
      '1-3:1.1',
    ])
  })

  it('gives up after a while, and says what is missing', async () => {
    plug(2)
    await expect(usbDeviceReady(host.files, '1-3', { timeout: 40 })).rejects.toMatchObject({
      code: 'timeout',
      message: 'usb_1_3 is not ready after 40 ms: no /dev/bus/usb/001/009',
    })
  })
})
