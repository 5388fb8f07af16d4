import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection } from '../../../src/api/connection.js'
import type { Domain } from '../../../src/api/domain.js'
import type { HostdevDef, HostdevOf } from '../../../src/model/hostdev.js'
import { usb, usbRoot } from '../../data/passthrough-tree.js'
import type { FakeHost } from '../../fakes/managed-host.js'
import { PlayedBackends } from '../../fakes/xen-backends.js'
import { alpha, beta, type PlayedDom0 } from '../../fakes/xen-dom0.js'
import { PlayedXenHost } from '../../fakes/xen-host.js'

const modem = { kind: 'usb', managed: false, source: { vendor: 0x1cbe, product: 0x0002 } } as const
const keyboard = { kind: 'usb', managed: false, source: { address: { bus: 1, device: 6 } } } as const
const hub = { kind: 'usb', managed: false, source: { address: { bus: 1, device: 1 } } } as const

const at = (bus: number, port: number) => ({ kind: 'usb', bus, port: String(port) }) as const

/** Ten devices alike, each with an interface that no driver has. */
const ten = Array.from({ length: 10 }, (_, at) => at + 20)
const tenFiles = ten.flatMap((number) => [
  ...usb(`${usbRoot}/1-${number}`, { busnum: '1\n', devnum: `${number}\n`, idVendor: '0627\n', idProduct: '0001\n' }, [
    { class: 'ff' },
  ]),
  [`/dev/bus/usb/001/0${number}`, { kind: 'char' }] as const,
])
const tenDefs = ten.map((device) => ({ kind: 'usb', managed: false, source: { address: { bus: 1, device } } }) as const)

interface Asked {
  readonly operation: string
  readonly payload: string
}

/** What is asked of xenstored while a call lasts. */
async function asked(call: () => Promise<unknown>): Promise<Asked[]> {
  const requests: Asked[] = []
  const note = (message: unknown) => {
    const { direction, ...request } = message as Asked & { direction: string }
    if (direction === 'sent') requests.push(request)
  }
  subscribe('hostdev:xenstore', note)
  try {
    await call()
    return requests
  } finally {
    unsubscribe('hostdev:xenstore', note)
  }
}

/** PVUSB, with both ends played: the same on both real daemons and on the played one. */
export function usbSuite(socketPath: () => string): void {
  let xen: PlayedXenHost
  let dom0: PlayedDom0
  let linux: FakeHost
  let backends: PlayedBackends
  let host: Connection
  let guest: Domain
  const patience = 2000

  beforeEach(async () => {
    xen = await PlayedXenHost.on(socketPath(), tenFiles)
    ;({ dom0, linux } = xen)
    for (const each of [alpha, beta]) {
      await dom0.start(each)
      await dom0.startDeviceModel(each)
    }
    backends = await PlayedBackends.on(socketPath(), async (busId, isThere) => {
      if (usbbackIsLoaded()) return
      for (const name of interfacesOf(busId)) {
        const driver = linux.kernel.driverOf('usb', name)
        if (driver !== null) await linux.kernel.write(`/sys/bus/usb/drivers/${driver}/unbind`, name)
        const path = isThere ? '/sys/bus/usb/drivers/usbfs/bind' : '/sys/bus/usb/drivers_probe'
        await linux.kernel.write(path, name)
      }
    })
    linux.kernel.addDriver('usb', 'usbfs')
    host = await xen.open({ patience })
    guest = await host.lookupDomain('alpha')
  })
  afterEach(async () => {
    await host.close()
    await backends[Symbol.asyncDispose]()
    await xen[Symbol.asyncDispose]()
  })

  const usbbackIsLoaded = () => (linux.files.list('/sys/bus/usb/drivers') as string[]).includes('usbback')
  const interfacesOf = (busId: string) =>
    (linux.files.list('/sys/bus/usb/devices') as string[]).filter((name) => name.startsWith(`${busId}:`))
  const driversOf = (busId: string) => interfacesOf(busId).map((name) => linux.kernel.driverOf('usb', name))
  const tree = () => xen.tree()
  const recorded = () => xen.recorded()

  describe('a controller', () => {
    it('is written as libxl writes it, and played by QEMU where dom0 has no usbback', async () => {
      const before = await tree()
      expect(await guest.attachController({ ports: 2 })).toEqual({ index: 0, type: 'qusb', version: 2, ports: 2 })
      await expect.poll(() => dom0.store.read('/local/domain/5/device/vusb/0/state')).toBe('4')
      const shape = (folder: string, permissions: string) => [
        [`${folder}/frontend`, '/local/domain/5/device/vusb/0', permissions],
        [`${folder}/frontend-id`, '5', permissions],
        [`${folder}/num-ports`, '2', permissions],
        [`${folder}/online`, '1', permissions],
        [`${folder}/port`, '', permissions],
        [`${folder}/port/1`, '', permissions],
        [`${folder}/port/2`, '', permissions],
      ]
      const [backend, frontend, own] = [
        '/local/domain/0/backend/qusb/5/0',
        '/local/domain/5/device/vusb/0',
        '/libxl/5/device/vusb/0',
      ]
      const expected = [
        ['/libxl/5/device', '', 'n0'],
        ['/libxl/5/device/vusb', '', 'n0'],
        [own, '', 'n0'],
        ...shape(own, 'n0'),
        [`${own}/backend`, backend, 'n0'],
        [`${own}/state`, '1', 'n0'],
        [`${own}/type`, 'qusb', 'n0'],
        [`${own}/usb-ver`, '2', 'n0'],
        ['/local/domain/0/backend', '', 'n0'],
        ['/local/domain/0/backend/qusb', '', 'n0'],
        ['/local/domain/0/backend/qusb/5', '', 'n0'],
        [backend, '', 'n0,r5'],
        ...shape(backend, 'n0,r5'),
        [`${backend}/state`, '4', 'n0,r5'],
        [`${backend}/type`, 'qusb', 'n0,r5'],
        [`${backend}/usb-ver`, '2', 'n0,r5'],
        ['/local/domain/5/device/vusb', '', 'n0,r5'],
        [frontend, '', 'n5,r0'],
        [`${frontend}/backend`, backend, 'n5,r0'],
        [`${frontend}/backend-id`, '0', 'n5,r0'],
        [`${frontend}/state`, '4', 'n5,r0'],
      ]
      const added = (await tree()).filter((row) => !before.includes(row))
      expect(added).toEqual(expected.map((row) => row.join(' | ')).sort())

      await guest.detachController(0)
      expect(await tree()).toEqual(before)
    })

    it('is counted on from those that are there', async () => {
      await guest.attachController({ version: 1, ports: 3 })
      await guest.attachController({ index: 11 })
      await guest.attachController({})
      expect(await guest.controllers()).toMatchObject([
        { index: 0, type: 'qusb', version: 1, ports: 3 },
        { index: 11, type: 'qusb', version: 2, ports: 8 },
        { index: 12, type: 'qusb', version: 2, ports: 8 },
      ])
      await expect(guest.attachController({ index: 11 })).rejects.toMatchObject({ code: 'operation-invalid' })
      await expect(guest.detachController(5)).rejects.toMatchObject({ code: 'device-missing' })
    })

    it.each([
      [{ ports: 32 }],
      [{ ports: 0 }],
      [{ version: 3 as const }],
      [{ type: 'devicemodel' as const }],
      [{ type: 'qusb' as const, model: 'qemu-xhci' }],
    ])('is refused as %j', async (def) => {
      const before = await tree()
      await expect(guest.attachController(def)).rejects.toMatchObject({ code: 'config-unsupported' })
      expect(await tree()).toEqual(before)
    })

    it('is refused to a guest without a device model', async () => {
      await dom0.store.remove('/local/domain/0/device-model/5')
      await expect(guest.attachController({})).rejects.toMatchObject({ code: 'operation-unsupported' })
    })

    it('of a guest that is paused is closed for QEMU, which waits for the guest', async () => {
      const before = await tree()
      await guest.attachController({})
      await expect.poll(() => dom0.store.read('/local/domain/5/device/vusb/0/state')).toBe('4')
      dom0.pause(alpha)
      backends.deaf = true
      const states = (await asked(() => guest.detachController(0)))
        .filter(
          ({ operation, payload }) =>
            operation === 'WRITE' && payload.startsWith('/local/domain/0/backend/qusb/5/0/state|'),
        )
        .map(({ payload }) => payload.split('|')[1])
      expect([await tree(), states]).toEqual([before, ['5', '6']])
    })

    it('leaves nothing behind when no backend takes it up', async () => {
      const before = await tree()
      backends.deaf = true
      await expect(guest.attachController({})).rejects.toMatchObject({
        code: 'timeout',
        details: { path: '/local/domain/0/backend/qusb/5/0' },
      })
      expect([await tree(), recorded()]).toEqual([before, []])
    })
  })

  describe('a device that QEMU plays', () => {
    it('comes with a controller where there is none, and goes back to its drivers', async () => {
      const def = await guest.attachHostdev(modem)
      expect(def).toEqual({
        ...modem,
        source: { ...modem.source, address: { bus: 1, device: 5 } },
        alias: 'vusb-0-1',
        address: at(0, 1),
      })
      expect(await guest.hostdevs()).toEqual([def])
      await expect.poll(() => driversOf('1-1')).toEqual(['usbfs', 'usbfs'])
      await guest.detachHostdev({ alias: 'vusb-0-1' })
      expect([await guest.hostdevs(), driversOf('1-1'), recorded()]).toEqual([[], ['cdc_acm', 'cdc_acm'], []])
    })

    it('takes the first free port, or the one that is asked for', async () => {
      await guest.attachController({ ports: 3 })
      const second = await guest.attachHostdev({ ...keyboard, address: at(0, 2) })
      const first = await guest.attachHostdev(modem)
      expect([first, second].map((def) => (def as HostdevOf<'usb'>).address)).toEqual([at(0, 1), at(0, 2)])
      expect(await guest.attachHostdev(modem)).toEqual(first)
    })

    it.each([
      [at(0, 4), 'config-unsupported'],
      [at(3, 1), 'device-missing'],
      [{ kind: 'usb', bus: 0, port: '1.2' } as const, 'config-unsupported'],
    ])('is refused at %j, which is no port', async (address, code) => {
      await guest.attachController({ ports: 3 })
      const before = await tree()
      await expect(guest.attachHostdev({ ...modem, address })).rejects.toMatchObject({ code })
      expect([await tree(), recorded()]).toEqual([before, []])
    })

    it('is refused when it is a hub, when a guest has it, and when it is not there', async () => {
      await guest.attachHostdev(modem)
      const other = await host.lookupDomain('beta')
      await expect(guest.attachHostdev(hub)).rejects.toMatchObject({ code: 'operation-invalid' })
      await expect(other.attachHostdev(modem)).rejects.toMatchObject({ code: 'operation-invalid' })
      await expect(
        other.attachHostdev({ ...keyboard, address: undefined, source: { vendor: 1, product: 1 } } as never),
      ).rejects.toMatchObject({
        code: 'device-missing',
      })
      await expect(guest.detachHostdev(keyboard)).rejects.toMatchObject({ code: 'device-missing' })
      await expect(guest.attachHostdev({ ...keyboard, address: at(0, 1) })).rejects.toMatchObject({
        code: 'resource-busy',
      })
    })

    it('goes when its controller does', async () => {
      const before = await tree()
      await guest.attachHostdev(modem)
      await guest.attachHostdev(keyboard)
      await guest.detachController(0)
      expect([await tree(), driversOf('1-1'), driversOf('1-2')]).toEqual([
        before,
        ['cdc_acm', 'cdc_acm'],
        ['usbhid', null],
      ])
    })

    it('is seen and taken back when libxl has given it', async () => {
      await guest.attachController({ ports: 2 })
      await dom0.store.write('/local/domain/0/backend/qusb/5/0/port/2', '1-2')
      expect((await guest.hostdevs()).map((def) => (def as HostdevOf<'usb'>).source)).toEqual([
        { vendor: 0x046d, product: 0xc31c, address: { bus: 1, device: 6 } },
      ])
      await guest.detachHostdev(keyboard)
      expect(await dom0.store.read('/local/domain/0/backend/qusb/5/0/port/2')).toBe('')
    })

    it('can be taken back when it was unplugged', async () => {
      await guest.attachHostdev(modem)
      linux.files.delete('/sys/bus/usb/devices/1-1')
      const [def] = await guest.hostdevs()
      expect((def as HostdevOf<'usb'>).source).toEqual({ missing: true, address: { bus: 1, port: '1' } })
      await guest.detachHostdev({ alias: 'vusb-0-1' })
      expect([await guest.hostdevs(), recorded()]).toEqual([[], []])
    })
  })

  describe('ten devices', () => {
    const counted = (requests: readonly Asked[], wanted: string) =>
      requests.filter(({ operation }) => operation === wanted).length

    it('are given in one transaction, and taken back in one', async () => {
      linux.kernel.addDriver('usb', 'usbback')
      await guest.attachController({ ports: 10 })
      const before = await tree()
      let attached: HostdevDef[] = []
      const giving = await asked(async () => {
        attached = await guest.attachHostdevs(tenDefs)
      })
      expect(attached.map((def) => (def as HostdevOf<'usb'>).address)).toEqual(ten.map((_, port) => at(0, port + 1)))
      const taking = await asked(() => guest.detachHostdevs(tenDefs))
      expect([await tree(), recorded()]).toEqual([before, []])
      expect([counted(giving, 'TRANSACTION_START'), counted(taking, 'TRANSACTION_START')]).toEqual([1, 1])
    })

    it('are taken back with fewer requests than the thirteen a device that xl asks', async () => {
      await guest.attachController({ ports: 10 })
      await guest.attachHostdevs(tenDefs)
      const taking = await asked(() => guest.detachHostdevs(tenDefs))
      expect([await guest.hostdevs(), taking.length < 130]).toEqual([[], true])
    })

    it('are waited for together when QEMU does not let go of them, and stay with the guest', async () => {
      await guest.attachController({ ports: 10 })
      await guest.attachHostdevs([modem, keyboard])
      const withBoth = await tree()
      backends.deaf = true
      await expect(guest.detachHostdevs([modem, keyboard])).rejects.toMatchObject({
        code: 'timeout',
        message: expect.stringContaining('does not let go of 1-1, 1-2 within'),
      })
      expect(await tree()).toEqual(withBoth)
    })

    it('are all given by QEMU, on a second controller what the first has no port for', async () => {
      await guest.attachHostdevs(tenDefs)
      const places = (await guest.hostdevs()).map((def) => (def as HostdevOf<'usb'>).alias)
      expect(places).toEqual([...Array.from({ length: 8 }, (_, port) => `vusb-0-${port + 1}`), 'vusb-1-1', 'vusb-1-2'])
      await guest.detachHostdevs(tenDefs)
      expect([await guest.hostdevs(), recorded()]).toEqual([[], []])
    })

    it('are one when two defs mean the same, by its ids and by its numbers', async () => {
      const [byIds, byNumbers] = await guest.attachHostdevs([
        modem,
        { ...modem, source: { address: { bus: 1, device: 5 } } },
      ])
      expect([byIds, await guest.hostdevs()]).toEqual([byNumbers, [byNumbers]])
    })

    it('are given to nobody when one of them cannot be, and taken from nobody', async () => {
      await guest.attachController({ ports: 2 })
      const before = await tree()
      await expect(guest.attachHostdevs([modem, hub])).rejects.toMatchObject({ code: 'operation-invalid' })
      await expect(
        guest.attachHostdevs([modem, keyboard, ...tenDefs.slice(0, 1).map((def) => ({ ...def, address: at(0, 9) }))]),
      ).rejects.toMatchObject({
        code: 'config-unsupported',
      })
      expect([await tree(), recorded()]).toEqual([before, []])
      await guest.attachHostdevs([modem])
      const withModem = await tree()
      await expect(guest.detachHostdevs([modem, keyboard])).rejects.toMatchObject({ code: 'device-missing' })
      expect(await tree()).toEqual(withModem)
    })
  })

  describe("a device that dom0's kernel plays", () => {
    beforeEach(() => linux.kernel.addDriver('usb', 'usbback'))

    it('is bound to usbback, its drivers are remembered as libxl does, and given back', async () => {
      const before = await tree()
      await guest.attachController({ ports: 2 })
      const withController = await tree()
      await guest.attachHostdev(modem)
      expect(driversOf('1-1')).toEqual(['usbback', 'usbback'])
      expect((await tree()).filter((row) => !withController.includes(row))).toEqual([
        '/libxl/usbback |  | n0',
        '/libxl/usbback/1-1 |  | n0',
        '/libxl/usbback/1-1/1-1@1_0 |  | n0',
        '/libxl/usbback/1-1/1-1@1_0/driver_path | /sys/bus/usb/drivers/cdc_acm | n0',
        '/libxl/usbback/1-1/1-1@1_1 |  | n0',
        '/libxl/usbback/1-1/1-1@1_1/driver_path | /sys/bus/usb/drivers/cdc_acm | n0',
        '/local/domain/0/backend/vusb/5/0/port/1 | 1-1 | n0,r5',
      ])
      await guest.detachHostdev(modem)
      expect([await tree(), driversOf('1-1'), recorded()]).toEqual([withController, ['cdc_acm', 'cdc_acm'], []])
      await guest.detachController(0)
      expect(await tree()).toEqual(before)
    })

    it('is given back as it was when usbback does not take it', async () => {
      linux.kernel.refusing.set('/sys/bus/usb/drivers/usbback/bind', 'EBUSY')
      const before = await tree()
      await expect(guest.attachHostdev(modem)).rejects.toMatchObject({ details: { errno: 'EBUSY' } })
      expect([await tree(), driversOf('1-1'), recorded()]).toEqual([before, ['cdc_acm', 'cdc_acm'], []])
    })

    it('stays with the guest, and the others with it, when its driver does not take it back', async () => {
      await guest.attachHostdevs([keyboard, modem])
      const before = [await tree(), recorded()]
      linux.kernel.refusing.set('/sys/bus/usb/drivers/cdc_acm/bind', 'EBUSY')
      await expect(guest.detachHostdevs([keyboard, modem])).rejects.toMatchObject({ details: { errno: 'EBUSY' } })
      expect([await tree(), recorded()]).toEqual(before)
      expect([driversOf('1-1'), driversOf('1-2')]).toEqual([
        ['usbback', 'usbback'],
        ['usbback', 'usbback'],
      ])
    })

    it('keeps an interface that had no driver without one', async () => {
      await guest.attachHostdev(keyboard)
      expect(driversOf('1-2')).toEqual(['usbback', 'usbback'])
      await guest.detachHostdev(keyboard)
      expect(driversOf('1-2')).toEqual(['usbhid', null])
    })

    it('is given back by what libxl has remembered of it', async () => {
      await guest.attachHostdev(modem)
      await dom0.store.write('/libxl/usbback/1-1/1-1@1_1/driver_path', '/sys/bus/usb/drivers/../../../evil')
      await guest.detachHostdev(modem)
      expect(driversOf('1-1')).toEqual(['cdc_acm', null])
    })
  })
}
