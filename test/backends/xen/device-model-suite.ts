import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection } from '../../../src/api/connection.js'
import type { Domain } from '../../../src/api/domain.js'
import { connectUnix } from '../../../src/os/socket.js'
import { openMonitor } from '../../../src/wire/qmp/open.js'
import type { FakeHost } from '../../fakes/managed-host.js'
import { QmpFailure, type QmpServer, qmpServer } from '../../fakes/qmp-server.js'
import { alpha, type PlayedDom0 } from '../../fakes/xen-dom0.js'
import { PlayedXenHost } from '../../fakes/xen-host.js'

const modem = { kind: 'usb', managed: false, source: { vendor: 0x1cbe, product: 0x0002 } } as const
const keyboard = { kind: 'usb', managed: false, source: { address: { bus: 1, device: 6 } } } as const

type Props = Readonly<Record<string, unknown>>

/** The monitor of an HVM guest's QEMU, as far as libxl and we use it. */
class PlayedDeviceModel {
  readonly devices = new Map<string, Props>()
  /** Commands that fail, and what is said. */
  readonly refusing = new Map<string, string>()
  /** Controllers that were asked to go, which is for the guest to say; it may be paused. */
  readonly going = new Set<string>()
  paused = false

  readonly handlers = {
    device_add: (props: Props) => {
      this.#refuse('device_add')
      const { id, bus } = props
      if (this.devices.has(String(id))) throw new QmpFailure('GenericError', `Duplicate device ID '${id}'`)
      if (bus !== undefined && !this.devices.has(String(bus).replace(/\.0$/, '')))
        throw new QmpFailure('GenericError', `Bus '${bus}' not found`)
      this.devices.set(String(id), props)
      return {}
    },
    device_del: ({ id }: Props) => {
      this.#refuse('device_del')
      if (this.going.has(String(id)))
        throw new QmpFailure('GenericError', `Device ${id} is already in the process of unplug`)
      if (this.paused && /^xenusb-\d+$/.test(String(id))) this.going.add(String(id))
      else if (!this.devices.delete(String(id))) throw new QmpFailure('DeviceNotFound', `Device '${id}' not found`)
      return {}
    },
    'qom-list': () => [{ name: 'type', type: 'string' }, ...[...this.devices.keys()].map((name) => ({ name }))],
    'qom-get': ({ path, property }: Props) => {
      const props = this.devices.get(String(path).replace('/machine/peripheral/', '')) ?? {}
      const bus = String(props.bus ?? '')
      return property === 'port' ? props.port : `/machine/peripheral/${bus.replace(/\.0$/, '')}/${bus}`
    },
  }

  /** The guest runs again, and lets go of what it was asked for. */
  unpause(): void {
    this.paused = false
    for (const id of this.going) this.devices.delete(id)
    this.going.clear()
  }

  #refuse(command: string): void {
    const said = this.refusing.get(command)
    if (said !== undefined) throw new QmpFailure('GenericError', said)
  }
}

/** Emulated USB of HVM guests, with a played QEMU: the same on both real daemons and on the played one. */
export function deviceModelSuite(socketPath: () => string): void {
  let xen: PlayedXenHost
  let dom0: PlayedDom0
  let linux: FakeHost
  let model: PlayedDeviceModel
  let monitor: QmpServer
  let host: Connection
  let guest: Domain

  beforeEach(async () => {
    xen = await PlayedXenHost.on(socketPath())
    ;({ dom0, linux } = xen)
    await dom0.start({ ...alpha, type: 'hvm' })
    await dom0.startDeviceModel(alpha)
    model = new PlayedDeviceModel()
    monitor = await qmpServer(model.handlers)
    host = await xen.open({
      patience: 500,
      monitor: async () => await openMonitor(await connectUnix(monitor.path, {})),
    })
    guest = await host.lookupDomain('alpha')
  })
  afterEach(async () => {
    await host.close()
    await monitor[Symbol.asyncDispose]()
    await xen[Symbol.asyncDispose]()
  })

  const tree = () => xen.tree()
  const recorded = () => xen.recorded()
  const told = () => [...model.devices.values()]

  describe('a controller', () => {
    it.each([
      [{ version: 1 as const }, 2, { driver: 'piix3-usb-uhci', id: 'xenusb-0' }],
      [{}, 6, { driver: 'usb-ehci', id: 'xenusb-0' }],
      [{ version: 3 as const }, 8, { driver: 'nec-usb-xhci', id: 'xenusb-0', p2: 8, p3: 8 }],
      [{ version: 3 as const, ports: 15 }, 15, { driver: 'nec-usb-xhci', id: 'xenusb-0', p2: 15, p3: 15 }],
    ])('as %j is told to QEMU in the words of libxl, and taken back', async (def, ports, words) => {
      const before = await tree()
      const made = await guest.attachController(def)
      expect(made).toMatchObject({ index: 0, type: 'devicemodel', version: 2, ports, ...def })
      expect(told()).toEqual([words])
      const own = '/libxl/5/device/vusb/0'
      expect((await tree()).filter((row) => !before.includes(row))).toEqual(
        [
          '/libxl/5/device |  | n0',
          '/libxl/5/device/vusb |  | n0',
          `${own} |  | n0`,
          `${own}/num-ports | ${ports} | n0`,
          `${own}/port |  | n0`,
          ...Array.from({ length: ports }, (_, port) => `${own}/port/${port + 1} |  | n0`),
          `${own}/type | devicemodel | n0`,
          `${own}/usb-ver | ${made.version} | n0`,
        ].sort(),
      )
      await guest.detachController(0)
      expect([await tree(), told(), recorded()]).toEqual([before, [], []])
    })

    it.each([
      { version: 1 as const, ports: 3 },
      { version: 2 as const, ports: 8 },
      { version: 3 as const, ports: 16 },
    ])('is refused as %j', async (def) => {
      await expect(guest.attachController(def)).rejects.toMatchObject({ code: 'config-unsupported' })
      expect(told()).toEqual([])
    })

    it('leaves nothing behind when QEMU refuses it', async () => {
      const before = await tree()
      model.refusing.set('device_add', "'nec-usb-xhci' is not a valid device model name")
      await expect(guest.attachController({ version: 3 })).rejects.toThrow(/not a valid device model name/)
      expect([await tree(), recorded()]).toEqual([before, []])
    })

    it('stays while its guest does not let go of it, as does what is on it, and goes once it has', async () => {
      await guest.attachHostdev(modem)
      const before = [await tree(), told().length, recorded()]
      model.paused = true
      await expect(guest.detachController(0)).rejects.toMatchObject({
        code: 'timeout',
        message: expect.stringMatching(/does not let go of its USB controller 0 .*paused/),
      })
      expect([await tree(), told().length, recorded()]).toEqual(before)
      // asked a second time it is no other
      await expect(guest.detachController(0)).rejects.toMatchObject({ code: 'timeout' })
      model.unpause()
      await guest.detachController(0)
      expect([await guest.controllers(), told(), recorded()]).toEqual([[], [], []])
    })

    it('does not get the number of one that xl has taken while the guest has it still', async () => {
      await guest.attachController({})
      await dom0.store.remove('/libxl/5/device/vusb/0')
      expect(await guest.attachHostdev(modem)).toMatchObject({ alias: 'vusb-1-1' })
      expect(await guest.attachController({ version: 1 })).toMatchObject({ index: 2 })
      await expect(guest.attachController({ index: 0 })).rejects.toMatchObject({ code: 'resource-busy' })
      expect(told().map(({ id }) => id)).toEqual(['xenusb-0', 'xenusb-1', 'xenusb-1-5', 'xenusb-2'])
    })

    it('is refused where the device model is in a stub domain, with what to do instead', async () => {
      await dom0.store.write('/local/domain/5/image/device-model-domid', '9')
      const before = await tree()
      const refusal = { code: 'operation-unsupported', message: expect.stringMatching(/stub domain.*use type qusb/) }
      await expect(guest.attachController({})).rejects.toMatchObject(refusal)
      // nor with a controller of its own
      await expect(guest.attachHostdev(modem)).rejects.toMatchObject(refusal)
      expect([await tree(), told(), recorded()]).toEqual([before, [], []])
      expect(await guest.attachController({ type: 'qusb' }).catch((error: unknown) => error)).toMatchObject({
        code: 'timeout',
        details: { path: '/local/domain/0/backend/qusb/5/0' },
      })
    })
  })

  describe('a device', () => {
    it('comes with a controller that QEMU has, on its first port, and goes', async () => {
      const def = await guest.attachHostdev(modem)
      expect(def).toMatchObject({ alias: 'vusb-0-1', address: { kind: 'usb', bus: 0, port: '1' } })
      expect(told()).toEqual([
        { driver: 'usb-ehci', id: 'xenusb-0' },
        { driver: 'usb-host', id: 'xenusb-1-5', bus: 'xenusb-0.0', port: '1', hostbus: 1, hostaddr: 5 },
      ])
      expect(await guest.hostdevs()).toEqual([def])
      await guest.detachHostdev(modem)
      expect([told(), await guest.hostdevs(), recorded()]).toEqual([[{ driver: 'usb-ehci', id: 'xenusb-0' }], [], []])
    })

    it('leaves no controller behind, and no other device, when QEMU refuses it', async () => {
      const before = await tree()
      const { device_add: add } = model.handlers
      let calls = 0
      model.handlers.device_add = (props) => {
        if (++calls === 3) throw new QmpFailure('GenericError', 'failed to open host usb device 1:6')
        return add(props)
      }
      await expect(guest.attachHostdevs([modem, keyboard])).rejects.toThrow(/failed to open host usb device 1:6/)
      expect([await tree(), told(), recorded()]).toEqual([before, [], []])
    })

    it('stays with the guest when QEMU does not let go of it', async () => {
      await guest.attachHostdev(modem)
      const before = [await tree(), told(), recorded()]
      model.refusing.set('device_del', 'Device xenusb-1-5 is in use')
      await expect(guest.detachHostdev(modem)).rejects.toThrow(/is in use/)
      expect([await tree(), told(), recorded()]).toEqual(before)
      model.refusing.clear()
      await guest.detachHostdev(modem)
      expect(await guest.hostdevs()).toEqual([])
    })

    it('is told to QEMU while xenstore has it still, so that what is killed between can be found', async () => {
      await guest.attachHostdev(modem)
      const { device_del: remove } = model.handlers
      let ports: (string | undefined)[] = []
      model.handlers.device_del = async (props) => {
        ports = [await dom0.store.read('/libxl/5/device/vusb/0/port/1')]
        return remove(props)
      }
      await guest.detachHostdev(modem)
      expect([ports, told().length, await guest.hostdevs()]).toEqual([['1-1'], 1, []])
    })

    it('is taken from its port when it was unplugged, and when libxl has given it', async () => {
      await guest.attachHostdev(modem)
      linux.files.delete('/sys/bus/usb/devices/1-1')
      await guest.detachHostdev({ alias: 'vusb-0-1' })
      expect(told()).toEqual([{ driver: 'usb-ehci', id: 'xenusb-0' }])
      // libxl before December 2025 gave its numbers as strings
      const words = { driver: 'usb-host', id: 'xenusb-1-6', bus: 'xenusb-0.0', port: '2', hostbus: '1', hostaddr: '6' }
      model.devices.set('xenusb-1-6', words)
      await dom0.store.write('/libxl/5/device/vusb/0/port/2', '1-2')
      expect((await guest.hostdevs()).map((def) => 'alias' in def && def.alias)).toEqual(['vusb-0-2'])
      await guest.detachHostdev(keyboard)
      expect([told().length, await guest.hostdevs()]).toEqual([1, []])
    })

    it('is free again when its guest has ended', async () => {
      await guest.attachHostdev(modem)
      const inUse = async () => {
        const { findings } = await (await host.lookupNodeDevice('usb_1_1')).assignability()
        return findings.some(({ code }) => code === 'in-use')
      }
      expect(await inUse()).toBe(true)
      await dom0.stop(alpha)
      expect(await inUse()).toBe(false)
    })

    it('goes when its controller does', async () => {
      const before = await tree()
      await guest.attachHostdevs([modem, keyboard])
      expect(told().map(({ id }) => id)).toEqual(['xenusb-0', 'xenusb-1-5', 'xenusb-1-6'])
      await guest.detachController(0)
      expect([await tree(), told(), recorded()]).toEqual([before, [], []])
    })
  })
}
