import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Connection, connect, type HostdevDef } from '../../src/index.js'
import { type MockBackend, mock } from '../../src/mock.js'
import { failure } from '../failure.js'

const pci = (slot: number, fn: number, driver: string, group: readonly string[], extra = '') => `<device>
  <name>pci_0000_0${slot}_00_${fn}</name><path>/sys/devices/pci0000:00/0000:0${slot}:00.${fn}</path><parent>computer</parent>
  <driver><name>${driver}</name></driver>
  <capability type='pci'><class>0x020000</class><domain>0</domain><bus>${slot}</bus><slot>0</slot><function>${fn}</function>
  <product id='0x10c9'>82576</product><vendor id='0x8086'>Intel</vendor>${extra}
  <iommuGroup number='${slot}'>${group.join('')}</iommuGroup></capability></device>`
const address = (bus: number, fn: number) => `<address domain='0x0000' bus='0x0${bus}' slot='0x00' function='0x${fn}'/>`
const dongle = (port: number, device: number) => `<device><name>usb_3_${port}</name>
  <path>/sys/devices/usb3/3-${port}</path><devnode type='dev'>/dev/bus/usb/003/00${device}</devnode><parent>computer</parent>
  <capability type='usb_device'><bus>3</bus><device>${device}</device><product id='0x6001'/><vendor id='0x0403'/></capability></device>`
const computer = `<device><name>computer</name><capability type='system'><hardware><uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid></hardware><firmware/></capability></device>`

const hostdev = (bus: number, fn = 0, managed = true): HostdevDef => ({
  kind: 'pci',
  managed,
  source: { address: { domain: 0, bus, slot: 0, function: fn } },
})
const usb = (device?: number): HostdevDef => ({
  kind: 'usb',
  source: { vendor: 0x0403, product: 0x6001, ...(device !== undefined && { address: { bus: 3, device } }) },
})

let host: MockBackend
let conn: Connection
beforeEach(async () => {
  host = await mock({
    devices: [
      computer,
      pci(1, 0, 'igb', [address(1, 0)]),
      pci(2, 0, 'igb', [address(2, 0), address(2, 1)]),
      pci(2, 1, 'igb', [address(2, 0), address(2, 1)]),
      pci(4, 0, 'igb', [address(4, 0)], "<capability type='virt_functions' maxCount='4'/>"),
      dongle(1, 4),
      dongle(2, 5),
    ],
    domains: [{ name: 'web' }, { name: 'db' }, { name: 'off', state: 'shutoff' }],
  })
  conn = await connect(host)
})
afterEach(() => vi.useRealTimers())

const driverOf = async (name: string) => (await (await conn.lookupNodeDevice(name)).def()).driver

describe('detaching a device from its driver', () => {
  it('binds it to vfio-pci, and back to the driver it had', async () => {
    const device = await conn.lookupNodeDevice('pci_0000_01_00_0')
    await device.detach()
    expect(await driverOf('pci_0000_01_00_0')).toBe('vfio-pci')
    await device.reattach()
    expect(await driverOf('pci_0000_01_00_0')).toBe('igb')
  })

  it.each([
    ['pci_0000_01_00_0', 'kvm', 74],
    ['pci_0000_01_00_0', 'flux', 8],
    ['usb_3_1', 'vfio-pci', 8],
  ])('refuses %s to %s with error %i', async (name, driver, number) => {
    const device = await conn.lookupNodeDevice(name)
    expect((await failure(device.detach({ driver }))).number).toBe(number)
  })

  it('says that the host has no IOMMU before it asks what the device is, as libvirt does', async () => {
    const plain = await connect(mock({ devices: [computer] }))
    expect((await failure((await plain.lookupNodeDevice('computer')).detach())).number).toBe(74)
  })

  it('refuses a device that is busy, or that a guest has', async () => {
    host.stage.busy('pci_0000_01_00_0', 'NetworkManager')
    const device = await conn.lookupNodeDevice('pci_0000_01_00_0')
    expect((await failure(device.detach())).message).toMatch(/NetworkManager/)
    host.stage.busy('pci_0000_01_00_0', undefined)
    await (await conn.lookupDomain('web')).attachHostdev(hostdev(1))
    expect((await failure(device.reset())).number).toBe(55)
    expect((await failure(device.reattach())).message).toMatch(/in use by the guest web/)
  })
})

describe('attaching a host device to a guest', () => {
  it('fills in alias and guest address, and takes a managed device from its driver', async () => {
    const web = await conn.lookupDomain('web')
    expect(await web.attachHostdev(hostdev(1))).toMatchObject({
      alias: 'hostdev0',
      address: { kind: 'pci', bus: 5, slot: 0 },
    })
    expect(await driverOf('pci_0000_01_00_0')).toBe('vfio-pci')
    expect(await web.hostdevs()).toHaveLength(1)
    await web.detachHostdev(hostdev(1))
    expect(await driverOf('pci_0000_01_00_0')).toBe('igb')
    expect(await web.hostdevs()).toEqual([])
  })

  it('leaves a device that was detached by hand where it was put', async () => {
    await (await conn.lookupNodeDevice('pci_0000_01_00_0')).detach()
    const web = await conn.lookupDomain('web')
    await web.attachHostdev(hostdev(1))
    await web.detachHostdev(hostdev(1))
    expect(await driverOf('pci_0000_01_00_0')).toBe('vfio-pci')
  })

  it('lasts until the guest stops, and what is stored is found anew when it starts', async () => {
    const web = await conn.lookupDomain('web')
    const stored = { kind: 'usb', source: { vendor: 0x0403, product: 0x6001 } } as const
    host.stage.unplug('usb_3_2')
    await web.attachHostdev(hostdev(1))
    await web.attachHostdev(stored, { config: true })
    host.stage.setRunning('web', false)
    expect([await driverOf('pci_0000_01_00_0'), await web.state()]).toEqual(['igb', 'shutoff'])
    host.stage.replug('usb_3_1')
    await using events = await conn.watchDomains()
    host.stage.setRunning('web', true)
    expect(await web.hostdevs()).toMatchObject([{ source: { address: { bus: 3, device: 5 } }, alias: 'hostdev0' }])
    for await (const event of events) {
      expect(event).toEqual({ kind: 'started', domain: 'web' })
      break
    }
  })

  it('keeps a guest from starting when a device is not there', async () => {
    const off = await conn.lookupDomain('off')
    await off.attachHostdev(hostdev(1))
    await off.attachHostdev(usb(77))
    expect(() => host.stage.setRunning('off', true)).toThrow(/USB device 3:77 is not on this host/)
    expect([await off.state(), await driverOf('pci_0000_01_00_0')]).toEqual(['shutoff', 'igb'])
  })

  it('answers with what the guest has when it has the device already', async () => {
    const web = await conn.lookupDomain('web')
    const first = await web.attachHostdev(hostdev(1))
    expect(await web.attachHostdev(hostdev(1))).toEqual(first)
  })

  it('refuses a group that is not viable, naming who is in the way, and leaves the driver as it was', async () => {
    const error = await failure((await conn.lookupDomain('web')).attachHostdev(hostdev(2)))
    expect([error.number, error.details.candidates]).toEqual([55, ['pci_0000_02_00_1']])
    expect(await driverOf('pci_0000_02_00_0')).toBe('igb')
  })

  it('takes a group whose other members are detached too', async () => {
    await (await conn.lookupNodeDevice('pci_0000_02_00_1')).detach()
    await (await conn.lookupDomain('web')).attachHostdev(hostdev(2))
    expect(await driverOf('pci_0000_02_00_0')).toBe('vfio-pci')
  })

  it('refuses an unmanaged device that still has its driver', async () => {
    const error = await failure((await conn.lookupDomain('web')).attachHostdev(hostdev(1, 0, false)))
    expect([error.number, error.message]).toEqual([55, expect.stringMatching(/bound to igb; detach it first/)])
  })

  it('refuses a device that another guest has', async () => {
    await (await conn.lookupDomain('web')).attachHostdev(hostdev(1))
    const error = await failure((await conn.lookupDomain('db')).attachHostdev(hostdev(1)))
    expect([error.number, error.details.domain]).toEqual([55, 'web'])
  })

  it('asks which twin is meant, and fills in the address of the one that is', async () => {
    const web = await conn.lookupDomain('web')
    expect(await failure(web.attachHostdev(usb()))).toMatchObject({
      number: 9,
      details: { candidates: ['usb_3_1', 'usb_3_2'] },
    })
    host.stage.unplug('usb_3_2')
    expect(await web.attachHostdev(usb())).toMatchObject({ source: { address: { bus: 3, device: 4 } } })
  })

  it.each<[HostdevDef, number]>([
    [hostdev(9), 38],
    [usb(77), 1],
    [{ kind: 'mdev', model: 'vfio-pci', source: { uuid: '9063cba3-ecef-47b6-abcf-3fef4fdcad85' } }, 99],
  ])('says that %j is not there as a real host does', async (def, number) => {
    expect((await failure((await conn.lookupDomain('web')).attachHostdev(def))).number).toBe(number)
  })

  it('keeps live and config apart, and changes both when asked', async () => {
    const off = await conn.lookupDomain('off')
    await off.attachHostdev(usb())
    expect(await off.hostdevs()).toEqual([usb()])
    expect((await failure(off.attachHostdev(usb(4), { live: true }))).number).toBe(55)
    const web = await conn.lookupDomain('web')
    await web.attachHostdev(hostdev(1), { live: true, config: true })
    await web.detachHostdev(hostdev(1), { live: true })
    expect([await web.hostdevs(), (await web.hostdevs({ config: true })).length]).toEqual([[], 1])
  })

  it('takes XML', async () => {
    const xml = `<hostdev mode='subsystem' type='usb'><source><address bus='3' device='5'/></source></hostdev>`
    expect(await (await conn.lookupDomain('web')).attachHostdev(xml)).toMatchObject({ alias: 'hostdev0' })
  })
})

describe('a guest that does not let go', () => {
  it('refuses with error 9, and keeps the device', async () => {
    const web = await conn.lookupDomain('web')
    await web.attachHostdev(hostdev(1))
    host.stage.refuseUnplug('web')
    await using events = await conn.watchDomains()
    expect((await failure(web.detachHostdev(hostdev(1)))).number).toBe(9)
    expect(await web.hostdevs()).toHaveLength(1)
    for await (const event of events) {
      expect(event).toEqual({ kind: 'removal-failed', domain: 'web', alias: 'hostdev0' })
      break
    }
  })

  it('answers late: the detach waits; later than 5 s it is a timeout, and the device goes all the same', async () => {
    vi.useFakeTimers()
    const web = await conn.lookupDomain('web')
    await web.attachHostdev(hostdev(1))
    host.stage.answerLate('web', 8000)
    const error = failure(web.detachHostdev(hostdev(1)))
    await vi.advanceTimersByTimeAsync(5000)
    expect((await error).code).toBe('timeout')
    expect(await web.hostdevs()).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(3000)
    expect(await web.hostdevs()).toEqual([])
  })
})

describe('virtual functions', () => {
  it('come and go under their physical function', async () => {
    const pf = await conn.lookupNodeDevice('pci_0000_04_00_0')
    await pf.setVirtualFunctions(2)
    const names = (await conn.listNodeDevices({ bus: 'pci' })).map((device) => device.name)
    expect(names).toEqual(expect.arrayContaining(['pci_0000_04_02_0', 'pci_0000_04_02_1']))
    await pf.setVirtualFunctions(0)
    expect(await conn.numOfNodeDevices({ bus: 'pci' })).toBe(4)
  })

  it('are refused beyond what the device can have, and where it can have none', async () => {
    const [pf, plain] = await Promise.all(['pci_0000_04_00_0', 'pci_0000_01_00_0'].map((n) => conn.lookupNodeDevice(n)))
    expect((await failure(pf?.setVirtualFunctions(5) as Promise<void>)).number).toBe(8)
    expect((await failure(plain?.setVirtualFunctions(1) as Promise<void>)).number).toBe(84)
  })

  it('stay while a guest has one', async () => {
    const pf = await conn.lookupNodeDevice('pci_0000_04_00_0')
    await pf.setVirtualFunctions(1)
    await (await conn.lookupDomain('web')).attachHostdev({
      kind: 'pci',
      managed: true,
      source: { address: { domain: 0, bus: 4, slot: 2, function: 0 } },
    })
    expect((await failure(pf.setVirtualFunctions(0))).details.device).toBe('pci_0000_04_02_0')
  })
})

describe('USB controllers', () => {
  it('get the next index and the defaults of Xen', async () => {
    const web = await conn.lookupDomain('web')
    expect(await web.attachController({})).toEqual({ index: 0, version: 2, ports: 8 })
    expect(await web.attachController({ version: 1, ports: 4 })).toEqual({ index: 1, version: 1, ports: 4 })
    await web.detachController(0)
    expect((await web.controllers()).map(({ index }) => index)).toEqual([1])
    expect((await failure(web.detachController(0))).number).toBe(99)
  })
})
