import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Connection } from '../../../src/api/connection.js'
import type { Domain } from '../../../src/api/domain.js'
import type { XenOptions } from '../../../src/backends/xen/xen.js'
import type { HostdevOf } from '../../../src/model/hostdev.js'
import type { FakeHost } from '../../fakes/managed-host.js'
import { alpha, beta, gamma, type PlayedDom0 } from '../../fakes/xen-dom0.js'
import { PlayedXenHost } from '../../fakes/xen-host.js'
import type { PlayedXl } from '../../fakes/xen-xl.js'

const name = 'pci_0000_02_00_0'
const address = '0000:02:00.0'
const backend = '/local/domain/0/backend/pci/5/0'
const memory = '/libxl/pci/0000-02-00-0/driver_path'
const def = (managed: boolean) =>
  ({ kind: 'pci', managed, source: { address: { domain: 0, bus: 2, slot: 0, function: 0 } } }) as const

/** xl leaves empty nodes behind. */
const withoutEmpty = (state: { tree: string[] }) => ({
  ...state,
  tree: state.tree.filter((row) => !row.startsWith('/libxl/pci')),
})

/** PCI passthrough, with kernel and xl played: the same on both real daemons and on the played one. */
export function pciSuite(socketPath: () => string): void {
  let xen: PlayedXenHost
  let dom0: PlayedDom0
  let linux: FakeHost
  let xl: PlayedXl
  let host: Connection
  let guest: Domain

  const open = (options: XenOptions = {}) => xen.open(options)
  beforeEach(async () => {
    xen = await PlayedXenHost.on(socketPath())
    ;({ dom0, linux, xl } = xen)
    linux.kernel.addDriver('pci', 'pciback')
    for (const each of [alpha, beta]) await dom0.start(each)
    host = await open()
    guest = await host.lookupDomain('alpha')
  })
  afterEach(async () => {
    await host.close()
    await xen[Symbol.asyncDispose]()
  })

  const driver = () => linux.kernel.driverOf('pci', address)
  const recorded = () => xen.recorded()

  describe('a PCI device', () => {
    it("is made assignable as xl does it, with its driver remembered where xl looks, and put into Xen's quarantine", async () => {
      const before = linux.drivers()
      const device = await host.lookupNodeDevice(name)
      expect(
        (await device.detach()).map((step) => ('run' in step ? step.run.join(' ') : Object.values(step).join(' '))),
      ).toEqual([
        `${memory} /sys/bus/pci/drivers/e1000e`,
        `/sys/bus/pci/drivers/e1000e/unbind ${address}`,
        `/sys/bus/pci/drivers/pciback/new_slot ${address}`,
        `/sys/bus/pci/drivers/pciback/bind ${address}`,
        `xl pci-assignable-add ${address}`,
      ])
      expect(await dom0.store.read(memory)).toBe('/sys/bus/pci/drivers/e1000e')
      expect(xl.quarantined()).toEqual([address])

      await device.reattach()
      expect(linux.drivers()).toEqual(before)
      expect(await dom0.store.read(memory)).toBeUndefined()
      expect(xl.quarantined()).toEqual([])
      expect(recorded()).toEqual([])
    })

    it('is only looked at in a dry run', async () => {
      const steps = await (await host.lookupNodeDevice(name)).detach({ dryRun: true })
      expect(steps[0]).toEqual({ store: memory, value: '/sys/bus/pci/drivers/e1000e' })
      expect(driver()).toBe('e1000e')
    })

    it('is given back by us when xl has made it assignable', async () => {
      await xl.run(['xl', 'pci-assignable-add', address])
      await (await host.lookupNodeDevice(name)).reattach()
      expect(driver()).toBe('e1000e')
      expect(await dom0.store.read(memory)).toBeUndefined()
    })

    it('has its driver again when Xen refuses it, or a step fails', async () => {
      linux.kernel.unwilling.add('pciback')
      linux.kernel.refusing.set('/sys/bus/pci/drivers/pciback/bind', 'EBUSY')
      await expect((await host.lookupNodeDevice(name)).detach()).rejects.toMatchObject({ code: 'operation-failed' })
      expect(driver()).toBe('e1000e')
      expect(await dom0.store.read(memory)).toBeUndefined()
      expect(recorded()).toEqual([])
    })

    it('is prepared without xl by xenstore alone, and given back only when it is known not to be in quarantine', async () => {
      await using native = await open({ via: 'xenstore' })
      const device = await native.lookupNodeDevice(name)
      await device.detach()
      expect(driver()).toBe('pciback')
      await device.reattach()
      expect([driver(), xl.log]).toEqual(['e1000e', []])

      await xl.run(['xl', 'pci-assignable-add', address])
      await expect(device.reattach()).rejects.toMatchObject({ code: 'unsupported' })
      expect(driver()).toBe('pciback')
    })

    it('comes into the same hands by xl alone, where that is wanted', async () => {
      const all = async () => ({ tree: await xen.tree(), drivers: linux.drivers(), xen: xl.quarantined() })
      const before = await all()
      const device = await host.lookupNodeDevice(name)
      await device.detach()
      const byUs = await all()
      await device.reattach()
      const back = await all()

      await using other = await open({ via: 'xl' })
      const same = await other.lookupNodeDevice(name)
      expect(await same.detach()).toEqual([{ run: ['xl', 'pci-assignable-add', address] }])
      expect(await all()).toEqual(byUs)
      expect(await same.reattach()).toEqual([{ run: ['xl', 'pci-assignable-remove', '-r', address] }])
      expect([back, withoutEmpty(await all())]).toEqual([before, withoutEmpty(before)])
    })

    it('goes back to its driver when xl has left it without one', async () => {
      await xl.run(['xl', 'pci-assignable-add', address])
      await xl.run(['xl', 'pci-assignable-remove', address])
      expect(driver()).toBeNull()
      await (await host.lookupNodeDevice(name)).reattach()
      expect([driver(), await dom0.store.read(memory)]).toEqual(['e1000e', undefined])
    })

    it('goes to a driver that the kernel chooses when the one that is remembered is gone', async () => {
      await xl.run(['xl', 'pci-assignable-add', address])
      await dom0.store.write(memory, '/sys/bus/pci/drivers/gone')
      await (await host.lookupNodeDevice(name)).reattach()
      expect([driver(), await dom0.store.read(memory)]).toEqual(['e1000e', undefined])
    })

    it('is refused to a driver that is none of Xen', async () => {
      const device = await host.lookupNodeDevice(name)
      await expect(device.detach({ driver: 'vfio' })).rejects.toMatchObject({ code: 'invalid-argument', number: 8 })
    })
  })

  describe('a guest', () => {
    it('gets a managed device and gives it back to its driver', async () => {
      const before = linux.drivers()
      const got = await guest.attachHostdev({ ...def(true), source: { ...def(true).source, writeFiltering: false } })
      expect(got).toEqual({
        ...def(true),
        driver: { name: 'xen' },
        source: { ...def(true).source, writeFiltering: false },
        alias: 'pci-0000-02-00-0',
        address: { kind: 'pci', domain: 0, bus: 0, slot: 0, function: 0 },
      })
      expect(xl.log).toEqual([`pci-assignable-add ${address}`, `pci-attach 5 ${address},permissive=1`])
      expect(await guest.hostdevs()).toEqual([got])

      await guest.detachHostdev({ alias: 'pci-0000-02-00-0' })
      expect(linux.drivers()).toEqual(before)
      expect(await guest.hostdevs()).toEqual([])
      expect(recorded()).toEqual([])
    })

    describe('that ends with a managed device', () => {
      beforeEach(async () => {
        await guest.attachHostdev(def(true))
        await dom0.stop(alpha)
      })
      const returned = { verb: 'reattach', devices: [name], pid: process.pid, result: 'finished' }

      it('leaves it with pciback, as with xl, until the host recovers it', async () => {
        expect([driver(), await host.recover()]).toEqual(['pciback', [returned]])
        expect([driver(), await dom0.store.read(memory), xl.quarantined(), recorded()]).toEqual([
          'e1000e',
          undefined,
          [],
          [],
        ])
        expect(await host.recover()).toEqual([])
      })

      it('leaves it with pciback until it is reattached', async () => {
        await (await host.lookupNodeDevice(name)).reattach()
        expect([driver(), recorded(), await host.recover()]).toEqual(['e1000e', [], []])
      })

      it('keeps it when it has rebooted and libxl has given it the device again', async () => {
        await dom0.store.remove('/libxl/pci/0000-02-00-0/domid')
        await dom0.start(gamma)
        await xl.run(['xl', 'pci-attach', '7', address])
        expect([await host.recover(), driver()]).toEqual([[], 'pciback'])
      })

      it('leaves it to nobody else: what was detached before a guest got it stays so', async () => {
        await host.recover()
        await (await host.lookupNodeDevice(name)).detach()
        await (await host.lookupDomain('beta')).attachHostdev(def(false))
        await dom0.stop(beta)
        expect([await host.recover(), driver()]).toEqual([[], 'pciback'])
      })

      it('is told of, with the reason, when its quarantine cannot be ended', async () => {
        await using native = await open({ via: 'xenstore' })
        expect(await native.recover()).toMatchObject([
          { devices: [name], result: 'failed', reason: expect.stringContaining('quarantine') },
        ])
        expect(driver()).toBe('pciback')
      })
    })

    it('is given what xl has made assignable, and xl takes it away', async () => {
      await xl.run(['xl', 'pci-assignable-add', address])
      await guest.attachHostdev(def(false))
      await xl.run(['xl', 'pci-detach', '5', address])
      expect(await guest.hostdevs()).toEqual([])
      await guest.attachHostdev(def(false))
      await guest.detachHostdev(def(false))
      expect(driver()).toBe('pciback')
    })

    it('gives back by us what xl has given it', async () => {
      await xl.run(['xl', 'pci-assignable-add', address])
      await xl.run(['xl', 'pci-attach', '5', address])
      expect(await guest.hostdevs()).toMatchObject([def(false)])
      await guest.detachHostdev(def(false))
      expect(await guest.hostdevs()).toEqual([])
    })

    it('is not asked by xl for what another has: the failure there would make the device look free', async () => {
      await guest.attachHostdev(def(true))
      const other = await host.lookupDomain('beta')
      await expect(other.attachHostdev(def(true))).rejects.toMatchObject({ code: 'operation-invalid', number: 55 })
      await expect((await host.lookupNodeDevice(name)).reattach()).rejects.toMatchObject({ code: 'operation-invalid' })
      expect(await dom0.store.read('/libxl/pci/0000-02-00-0/domid')).toBe('5')
    })

    it('is refused what another has though xl has forgotten it', async () => {
      await xl.run(['xl', 'pci-assignable-add', address])
      await xl.run(['xl', 'pci-attach', '6', address])
      await expect(xl.run(['xl', 'pci-attach', '5', address])).rejects.toMatchObject({ code: 'operation-failed' })
      expect(await dom0.store.read('/libxl/pci/0000-02-00-0/domid')).toBeUndefined()
      const refusal = { code: 'operation-invalid', details: { domain: '6' } }
      await expect(guest.attachHostdev(def(true))).rejects.toMatchObject(refusal)
      await expect((await host.lookupNodeDevice(name)).reattach()).rejects.toMatchObject(refusal)
    })

    it('is not shown as one to give away what xl has given to another', async () => {
      await xl.run(['xl', 'pci-assignable-add', address])
      const names = async () => (await host.listNodeDevices({ assignable: true })).map((each) => each.name)
      expect(await names()).toContain(name)
      await xl.run(['xl', 'pci-attach', '6', address])
      expect(await names()).not.toContain(name)
      expect(await (await host.lookupNodeDevice(name)).assignability()).toMatchObject({
        assignable: false,
        findings: [{ code: 'in-use', message: 'is in use by the guest 6 of Xen' }, {}, {}],
      })
    })

    it('is refused what xl is giving to another just now', async () => {
      await dom0.store.write('/libxl/pci/0000-02-00-0/domid', '6')
      await expect(guest.attachHostdev(def(true))).rejects.toMatchObject({ code: 'operation-invalid' })
      expect([xl.log, driver()]).toEqual([[], 'e1000e'])
    })

    it('is given, and the host back, what xl has marked as that of a guest which is gone', async () => {
      const stale = '/libxl/pci/0000-02-00-0/domid'
      await dom0.store.write(stale, '99')
      await guest.attachHostdev(def(true))
      expect(await dom0.store.read(stale)).toBe('5')
      await guest.detachHostdev(def(true))
      await xl.run(['xl', 'pci-assignable-add', address])
      await dom0.store.write(stale, '99')
      await (await host.lookupNodeDevice(name)).reattach()
      expect([driver(), await dom0.store.read(stale)]).toEqual(['e1000e', undefined])
    })

    it('has each function of a card as a device of its own, and keeps one when the other goes', async () => {
      const both = ['0000:01:00.0', '0000:01:00.1']
      for (const each of [0, 1])
        await guest.attachHostdev({
          ...def(true),
          source: { address: { domain: 0, bus: 1, slot: 0, function: each } },
        })
      const places = async () =>
        (await guest.hostdevs()).map((each) => each.kind === 'pci' && [each.alias, each.address])
      const at = (fn: number) => [`pci-0000-01-00-${fn}`, { kind: 'pci', domain: 0, bus: 0, slot: 0, function: fn }]
      expect(await places()).toEqual([at(0), at(1)])
      await guest.detachHostdev({ alias: 'pci-0000-01-00-0' })
      expect(await places()).toEqual([at(1)])
      expect(both.map((each) => linux.kernel.driverOf('pci', each))).toEqual(['e1000e', 'pciback'])
    })

    it('gets several in one change, or none', async () => {
      const before = linux.drivers()
      const functions = [0, 1, 1].map((fn) => ({
        ...def(true),
        source: { address: { domain: 0, bus: 1, slot: 0, function: fn } },
      }))
      const got = await guest.attachHostdevs(functions)
      expect(got.map((each) => each.kind === 'pci' && each.alias)).toEqual(
        [0, 1, 1].map((fn) => `pci-0000-01-00-${fn}`),
      )
      await guest.detachHostdevs([functions[0], functions[1]].flatMap((each) => each ?? []))
      expect([linux.drivers(), await guest.hostdevs(), recorded()]).toEqual([before, [], []])

      await (await host.lookupDomain('beta')).attachHostdev(def(true))
      const withBetas = linux.drivers()
      await expect(guest.attachHostdevs([...functions, def(true)])).rejects.toMatchObject({ code: 'operation-invalid' })
      xl.failsAt = '0000:01:00.1'
      await expect(guest.attachHostdevs(functions)).rejects.toMatchObject({ code: 'operation-unsupported' })
      expect([linux.drivers(), await guest.hostdevs()]).toEqual([withBetas, []])
    })

    it('has a device at the slot that was asked for, and is told where it is', async () => {
      await guest.attachHostdev({ ...def(true), address: { kind: 'pci', domain: 0, bus: 0, slot: 5, function: 0 } })
      expect(xl.log.at(-1)).toBe(`pci-attach 5 ${address}@05`)
    })

    it('cannot be told of an option that xl has no words for', async () => {
      await expect(guest.attachHostdev({ ...def(true), rom: { enabled: false } })).rejects.toMatchObject({
        code: 'config-unsupported',
      })
      expect([driver(), recorded()]).toEqual(['e1000e', []])
    })

    it('lets go of a device that has left the host', async () => {
      await guest.attachHostdev(def(true))
      linux.files.delete(`/sys/bus/pci/devices/${address}`)
      await guest.detachHostdev({ alias: 'pci-0000-02-00-0' })
      expect([await guest.hostdevs(), recorded()]).toEqual([[], []])
    })

    it('is not changed before its driver has done with the last change', async () => {
      await guest.attachHostdev(def(true))
      await dom0.store.write(`${backend}/state`, '3')
      await using hasty = await open({ patience: 50 })
      await expect((await hasty.lookupDomain('alpha')).detachHostdev(def(true))).rejects.toMatchObject({
        code: 'timeout',
        message: expect.stringContaining(`${backend} stays in state 3 for 50 ms`),
      })
      expect(xl.log.at(-1)).toBe(`pci-attach 5 ${address}`)
      await dom0.store.write(`${backend}/state`, '4')
      await guest.detachHostdev(def(true))
      expect(driver()).toBe('e1000e')
    })

    it('is answered with its place in the guest once the guest has told it', async () => {
      xl.guestAnswers = false
      const attached = guest.attachHostdev(def(true))
      await vi.waitFor(async () => expect(await dom0.store.read(`${backend}/num_devs`)).toBe('1'))
      await dom0.store.write(`${backend}/vdev-0`, '0000:00:07.00')
      expect(await attached).toMatchObject({ address: { kind: 'pci', domain: 0, bus: 0, slot: 7, function: 0 } })
    })

    it('is given to a guest that does not answer, without a place', async () => {
      xl.guestAnswers = false
      await using hasty = await open({ patience: 50 })
      const alike = await hasty.lookupDomain('alpha')
      const attached = await alike.attachHostdev(def(true))
      expect(attached).not.toHaveProperty('address')
      expect(await alike.hostdevs()).toEqual([attached])
    })

    it('leaves the device free when xl is killed as it gives it', async () => {
      xl.dies = true
      await expect(guest.attachHostdev(def(true))).rejects.toMatchObject({ code: 'operation-failed' })
      expect([driver(), await dom0.store.read('/libxl/pci/0000-02-00-0/domid')]).toEqual(['e1000e', undefined])
    })

    it('gets nothing, and the host has all as before, when Xen refuses', async () => {
      const before = linux.drivers()
      xl.withoutPassthrough = true
      await expect(guest.attachHostdev(def(true))).rejects.toMatchObject({
        code: 'operation-unsupported',
        message: `xl pci-attach 5 ${address} failed: xc_assign_device failed: Operation not supported; start the guest with passthrough="enabled" in its xl.cfg`,
        details: { argv: ['xl', 'pci-attach', '5', address], exitStatus: 1 },
      })
      expect(linux.drivers()).toEqual(before)
      expect(recorded()).toEqual([])
    })

    it('is refused a device that is at its driver and not managed', async () => {
      await expect(guest.attachHostdev(def(false))).rejects.toMatchObject({ code: 'operation-invalid' })
      expect(xl.log).toEqual([])
    })

    it('is refused a SCSI device, by name and by address, with what this toolstack lacks', async () => {
      linux.files.set('/sys/class/scsi_generic/sg3/device', {
        link: '/sys/devices/pci0000:00/host2/target2:0:1/2:0:1:0',
      })
      const scsi = (source: HostdevOf<'scsi'>['source']) =>
        guest.attachHostdev({ kind: 'scsi', managed: false, source })
      const sg = (sgName: string) => scsi({ kind: 'generic', name: sgName } as HostdevOf<'scsi'>['source'])
      const adapter = { kind: 'adapter', adapter: 'scsi_host2', address: { bus: 0, target: 1, unit: '0' } } as const
      for (const call of [sg('sg3'), scsi(adapter)])
        await expect(call).rejects.toMatchObject({
          code: 'unsupported',
          message: expect.stringContaining("this host's xl has no scsi-attach"),
        })
      for (const none of ['sg9', '../sg3']) await expect(sg(none)).rejects.toMatchObject({ code: 'device-missing' })
      xl.help = ' scsi-attach         Attach a PVSCSI device\n'
      await expect(sg('sg3')).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringContaining('run xl scsi-attach with 2:0:1:0'),
      })
    })

    it('can be given nothing without xl', async () => {
      await using native = await open({ via: 'xenstore' })
      await expect((await native.lookupDomain('alpha')).attachHostdev(def(true))).rejects.toMatchObject({
        code: 'unsupported',
        message: "giving a guest a PCI device takes hypercalls, which only xl can make: open the host with via 'auto'",
      })
    })
  })
}
