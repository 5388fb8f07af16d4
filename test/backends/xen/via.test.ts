import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connect } from '../../../src/api/connect.js'
import type { Via } from '../../../src/xen.js'
import type { FakeHost } from '../../fakes/managed-host.js'
import { PlayedBackends } from '../../fakes/xen-backends.js'
import { alpha, type PlayedDom0 } from '../../fakes/xen-dom0.js'
import { PlayedXenHost } from '../../fakes/xen-host.js'
import type { PlayedXl } from '../../fakes/xen-xl.js'
import { type XenstoreServer, xenstoreServer } from '../../fakes/xenstore-server.js'

const modem = { kind: 'usb', managed: false, source: { address: { bus: 1, device: 5 } } } as const

describe('the policy by which tool a Xen host is changed', () => {
  let server: XenstoreServer
  let xen: PlayedXenHost
  let dom0: PlayedDom0
  let backends: PlayedBackends
  let linux: FakeHost
  let xl: PlayedXl
  beforeAll(async () => {
    server = await xenstoreServer()
  })
  afterAll(() => server[Symbol.asyncDispose]())
  beforeEach(async () => {
    xen = await PlayedXenHost.on(server.path)
    ;({ dom0, linux, xl } = xen)
    backends = await PlayedBackends.on(server.path, async (busId, isThere) => {
      for (const intf of linux.files.list('/sys/bus/usb/devices') as string[]) {
        if (!intf.startsWith(`${busId}:`)) continue
        const driver = linux.kernel.driverOf('usb', intf)
        if (driver !== null) await linux.kernel.write(`/sys/bus/usb/drivers/${driver}/unbind`, intf)
        await linux.kernel.write(`/sys/bus/usb/drivers${isThere ? '/usbfs/bind' : '_probe'}`, intf)
      }
    })
    linux.kernel.addDriver('usb', 'usbfs')
    await dom0.start(alpha)
    await dom0.startDeviceModel(alpha)
  })
  afterEach(async () => {
    await backends[Symbol.asyncDispose]()
    await xen[Symbol.asyncDispose]()
  })
  const open = (via: Via) => xen.open({ via })
  const tree = async () => (await xen.tree()).filter((row) => !/\/state \||^\/tool \|/.test(row))

  it('lets xl alone give USB devices and controllers and take them back, and leaves what we leave', async () => {
    const before = await tree()
    await using native = await open('auto')
    const ours = await native.lookupDomain('alpha')
    const attached = await ours.attachHostdev(modem)
    const byUs = await tree()
    await ours.detachController(0)
    expect([await tree(), xl.log]).toEqual([before, []])

    await using host = await open('xl')
    const guest = await host.lookupDomain('alpha')
    expect(await guest.attachHostdev(modem)).toEqual(attached)
    expect(await tree()).toEqual(byUs)
    await guest.detachHostdev(modem)
    await guest.detachController(0)
    expect(await tree()).toEqual(before)
    expect(xl.log).toEqual([
      'usbctrl-attach 5 type=qusb version=2 ports=8',
      'usbdev-attach 5 hostbus=1 hostaddr=5 controller=0 port=1',
      'usbdev-detach 5 0 1',
      'usbctrl-detach 5 0',
    ])
  })

  it('has xl give and take back several devices, of which it knows one at a time', async () => {
    await using host = await open('xl')
    const guest = await host.lookupDomain('alpha')
    const both = [modem, { ...modem, source: { address: { bus: 1, device: 6 } } }]
    await guest.attachController({ ports: 2 })
    const before = await tree()
    await guest.attachHostdevs(both)
    await guest.detachHostdevs(both)
    expect([await tree(), await guest.hostdevs()]).toEqual([before, []])
    expect(xl.log.slice(1)).toEqual([
      'usbdev-attach 5 hostbus=1 hostaddr=5 controller=0 port=1',
      'usbdev-attach 5 hostbus=1 hostaddr=6 controller=0 port=2',
      'usbdev-detach 5 0 1',
      'usbdev-detach 5 0 2',
    ])
  })

  it('takes back a controller that xl has given another number', async () => {
    const before = await tree()
    await using host = await open('xl')
    xl.nextController = 3
    await expect((await host.lookupDomain('alpha')).attachController({})).rejects.toMatchObject({
      code: 'operation-failed',
      message: "xl gives the guest 5 a USB controller of the number 3, not 0; attach it with via 'auto'",
    })
    expect(await tree()).toEqual(before)
  })

  it('is auto unless told, which asks xl nothing about USB devices', async () => {
    await using host = await open('auto')
    await (await host.lookupDomain('alpha')).attachHostdev(modem)
    expect(xl.log).toEqual([])
  })

  it('is part of the URI, and refused when there is no such policy', async () => {
    await using host = await connect(`xen+xenstore://${server.path}?configs=${dom0.configs}&via=xenstore`)
    expect((await host.listDomains()).map(({ name }) => name)).toContain('alpha')
    await expect(connect(`xen+xenstore://${server.path}?via=xm`)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'via=xm is no way to change a Xen host; there are auto, xenstore, xl',
    })
  })
})
