import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backend.js'
import { type Connection, capabilityOf, connect, type NodeDeviceDef, VirtError } from '../../src/index.js'
import { needs } from '../needs.js'

/** What the suite must know of a host on which devices are made. It takes all of them away again. */
export interface CreatingHost {
  open(): Promise<Backend>
  /** The first Fibre Channel port that is online, and has room for two virtual ones at most. */
  hba?: string
  /** A parent of mediated devices, a type of which it can make two or more, and one of which it can make one. */
  mdev?: { readonly parent: string; readonly many: string; readonly single: string }
  /** A PCI function that can have seven virtual ones, and has none. */
  sriov?: string
  /** What cannot be asked of this host, and why. */
  lacks?: Readonly<Partial<Record<'mdev' | 'definitions' | 'vport' | 'functions', string>>>
}

const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'
const other = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1002'

const numberOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no error',
    (error: unknown) => (VirtError.is(error) ? error.number : error),
  )

/** What every backend owes that makes virtual devices; libvirt's error numbers, as libvirtd 9.0 gives them. */
export function creationContract(name: string, host: CreatingHost): void {
  const { hba = '', mdev: own, sriov = '', lacks = {} } = host
  const { parent, many, single } = own ?? { parent: '', many: '', single: '' }

  describe(`${name}, as every backend that makes devices`, () => {
    let conn: Connection
    beforeAll(async () => {
      conn = await connect(await host.open())
    })
    afterAll(() => conn.close())

    const mdev = (type: string, id?: string, below: string = parent): NodeDeviceDef => ({
      name: 'new device',
      parent: below,
      capabilities: [{ kind: 'mdev', type, ...(id !== undefined && { uuid: id }) }],
    })
    const names = async (filter = {}) => (await conn.listNodeDevices(filter)).map((device) => device.name)
    const stateOf = async (device: string) => {
      const found = await conn.lookupNodeDevice(device)
      return [await found.isActive(), await found.isPersistent(), await found.autostart()]
    }

    it('makes nothing but mediated devices and virtual HBAs', async () => {
      const [device] = await conn.listNodeDevices({ capability: 'pci' })
      const def = (await device?.def()) as NodeDeviceDef
      expect(await numberOf(conn.createNodeDevice(def))).toBe(67)
      expect(await numberOf(conn.defineNodeDevice(def))).toBe(67)
    })

    it('says of an ordinary device what libvirt says', async () => {
      const [device] = await conn.listNodeDevices({ capability: 'pci' })
      const calls = [device?.destroy(), device?.undefine(), device?.start(), device?.setAutostart(true)]
      expect(await Promise.all(calls.map((call) => numberOf(call as Promise<void>)))).toEqual([67, 55, 55, 84])
    })

    needs(lacks.mdev).describe('makes mediated devices', () => {
      it('and takes them away', async () => {
        const before = await names()
        const device = await conn.createNodeDevice(mdev(many, uuid))
        expect((await names()).filter((each) => !before.includes(each))).toEqual([device.name])
        const def = await device.def()
        expect(def.parent).toBe(parent)
        expect(capabilityOf(def, 'mdev')).toMatchObject({ type: many, uuid })
        expect(await stateOf(device.name)).toEqual([true, false, false])
        await device.destroy()
        expect(await names()).toEqual(before)
        expect(await numberOf(device.destroy())).toBe(53)
      })

      it('with a UUID of their own where none is given', async () => {
        const device = await conn.createNodeDevice(mdev(many))
        const { uuid: made } = capabilityOf(await device.def(), 'mdev') ?? {}
        expect(made).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
        await device.destroy()
      })

      it('once for each UUID', async () => {
        const device = await conn.createNodeDevice(mdev(many, uuid))
        expect(await numberOf(conn.createNodeDevice(mdev(many, uuid)))).toBe(1)
        await device.destroy()
      })

      it('as many as there is room for', async () => {
        const device = await conn.createNodeDevice(mdev(single, uuid))
        expect(await numberOf(conn.createNodeDevice(mdev(single, other)))).toBe(1)
        await device.destroy()
        await (await conn.createNodeDevice(mdev(single, other))).destroy()
      })

      it.each([
        ['a type that the parent has not', () => mdev('x/../..', uuid), 1],
        ['a parent that is not there', () => mdev(many, uuid, 'pci_0000_99_00_0'), 67],
        ['a parent that can have none', () => mdev(many, uuid, 'computer'), 67],
        ['a UUID that is none', () => mdev(many, '../../x'), 8],
      ])('but not with %s', async (_what, def, number) => {
        expect(await numberOf(conn.createNodeDevice(def()))).toBe(number)
      })
    })

    needs(lacks.definitions).describe('defines mediated devices', () => {
      it('which can be started, started with the host, and forgotten', async () => {
        const device = await conn.defineNodeDevice(mdev(many, uuid))
        expect(await stateOf(device.name)).toEqual([false, true, false])
        expect([await device.parent(), (await device.def()).path]).toEqual([parent, undefined])
        await device.setAutostart(true)
        await device.start()
        expect(await stateOf(device.name)).toEqual([true, true, true])
        expect((await device.def()).path).toEqual(expect.stringContaining(uuid))
        expect((await device.def({ inactive: true })).path).toBeUndefined()
        expect(await numberOf(device.start())).toBe(55)
        await device.setAutostart(false)
        await device.destroy()
        expect(await stateOf(device.name)).toEqual([false, true, false])
        expect(await numberOf(device.destroy())).toBe(55)
        await device.undefine()
        expect(await names()).not.toContain(device.name)
      })

      it('which are listed by their state', async () => {
        const device = await conn.defineNodeDevice(mdev(many, uuid))
        const listed = async () => ({
          inactive: await names({ state: 'inactive' }),
          persistent: await names({ persistence: 'persistent', capability: 'mdev' }),
          active: (await names({ state: 'active' })).includes(device.name),
        })
        expect(await listed()).toEqual({ inactive: [device.name], persistent: [device.name], active: false })
        await device.start()
        expect(await listed()).toEqual({ inactive: [], persistent: [device.name], active: true })
        await device.destroy()
        await device.undefine()
      })

      it('which go on when their definition is forgotten, and are transient then', async () => {
        const device = await conn.defineNodeDevice(mdev(many, uuid))
        await device.start()
        await device.undefine()
        expect(await stateOf(device.name)).toEqual([true, false, false])
        const calls = [device.undefine(), device.setAutostart(true), device.def({ inactive: true })]
        expect(await Promise.all(calls.map(numberOf))).toEqual([55, 55, 55])
        await device.destroy()
      })

      it('anew, and keeps whether they start with the host', async () => {
        const device = await conn.defineNodeDevice(mdev(many, uuid))
        await device.setAutostart(true)
        await conn.defineNodeDevice(mdev(single, uuid))
        expect(capabilityOf(await device.def(), 'mdev')?.type).toBe(single)
        expect(await stateOf(device.name)).toEqual([false, true, true])
        await device.undefine()
      })

      it('and changes their attributes, but nothing else', async () => {
        const device = await conn.defineNodeDevice(mdev(many, uuid))
        const changed: NodeDeviceDef = {
          name: device.name,
          capabilities: [{ kind: 'mdev', type: many, uuid, attributes: [{ name: 'speed', value: '115200' }] }],
        }
        await device.update(changed, { config: true })
        expect(capabilityOf(await device.def(), 'mdev')?.attributes).toEqual([{ name: 'speed', value: '115200' }])
        expect(await numberOf(device.update({ ...changed, ...mdev(single, uuid) }))).toBe(67)
        expect(await numberOf(device.update(changed, { live: true }))).toBe(55)
        await device.undefine()
      })
    })

    needs(lacks.vport).describe('makes virtual HBAs', () => {
      const vhba = (rest: Partial<NodeDeviceDef> = {}, fcHost = {}): NodeDeviceDef => ({
        name: 'new device',
        ...rest,
        capabilities: [{ kind: 'scsi_host', host: 0, fcHost }],
      })
      const given = { wwnn: '2100000000000001', wwpn: '2000000000000001' }
      const ports = async () => {
        const { vportOps } = capabilityOf(await (await conn.lookupNodeDevice(hba)).def(), 'scsi_host') ?? {}
        return vportOps?.vports
      }

      it('with the names they are given, and takes them away', async () => {
        const before = await names()
        const device = await conn.createNodeDevice(vhba({ parent: hba }, given))
        const def = await device.def()
        expect([def.parent, capabilityOf(def, 'scsi_host')?.fcHost]).toEqual([hba, expect.objectContaining(given)])
        expect(await ports()).toBe(1)
        const found = await conn.lookupNodeDeviceScsiHostByWwn(given.wwnn, given.wwpn)
        expect(found.name).toBe(device.name)
        await device.destroy()
        expect([await names(), await ports()]).toEqual([before, 0])
      })

      it('with names of their own where none are given, below the first HBA that can have one', async () => {
        const device = await conn.createNodeDevice(vhba())
        const def = await device.def()
        const name = expect.stringMatching(/^5001a4a[\da-f]{9}$/)
        expect([def.parent, capabilityOf(def, 'scsi_host')?.fcHost]).toEqual([
          hba,
          expect.objectContaining({ wwnn: name, wwpn: name }),
        ])
        await device.destroy()
      })

      it('below the HBA of the names that are said', async () => {
        const { fcHost } = capabilityOf(await (await conn.lookupNodeDevice(hba)).def(), 'scsi_host') ?? {}
        const { wwnn = '', wwpn = '' } = fcHost ?? {}
        const device = await conn.createNodeDevice(vhba({ parentWwnn: wwnn, parentWwpn: wwpn }))
        expect(await device.parent()).toBe(hba)
        await device.destroy()
      })

      it('no more than the HBA has room for', async () => {
        const made = [
          await conn.createNodeDevice(vhba({ parent: hba })),
          await conn.createNodeDevice(vhba({ parent: hba })),
        ]
        expect(await numberOf(conn.createNodeDevice(vhba({ parent: hba })))).toBe(1)
        for (const device of made) await device.destroy()
      })

      it.each<[string, Partial<NodeDeviceDef>, object, number]>([
        ['below an HBA that is not there', { parent: 'scsi_host99' }, {}, 1],
        ['below names that no HBA has', { parentWwnn: '0'.repeat(16), parentWwpn: '0'.repeat(16) }, {}, 1],
        ['below a fabric that no HBA is on', { parentFabricWwn: '1'.repeat(16) }, {}, 1],
        ['with a name that is none', { parent: hba }, { wwnn: 'zz' }, 8],
      ])('but not %s', async (_what, rest, fcHost, number) => {
        expect(await numberOf(conn.createNodeDevice(vhba(rest, fcHost)))).toBe(number)
      })

      it('but not two of one name', async () => {
        const device = await conn.createNodeDevice(vhba({ parent: hba }, given))
        expect(await numberOf(conn.createNodeDevice(vhba({ parent: hba }, given)))).toBe(38)
        await device.destroy()
      })

      it('and destroys no HBA that is real', async () => {
        expect(await numberOf((await conn.lookupNodeDevice(hba)).destroy())).toBe(67)
      })
    })

    needs(lacks.functions).describe('makes virtual functions', () => {
      const functions = async () => {
        const def = await (await conn.lookupNodeDevice(sriov)).def()
        return capabilityOf(def, 'pci')?.virtualFunctions?.addresses.length ?? 0
      }

      it('as many as are asked for, and takes them away', async () => {
        const before = await names()
        const device = await conn.lookupNodeDevice(sriov)
        for (const count of [2, 3, 0]) {
          await device.setVirtualFunctions(count)
          expect([await functions(), (await names()).length - before.length]).toEqual([count, count])
        }
      })

      it('of which it finds one that is free', async () => {
        const device = await conn.lookupNodeDevice(sriov)
        await device.setVirtualFunctions(2)
        const free = await conn.findFreeVirtualFunction(device.name)
        expect(capabilityOf(await free.def(), 'pci')?.physicalFunction).toBeDefined()
        await device.setVirtualFunctions(0)
        expect(await numberOf(conn.findFreeVirtualFunction(device.name))).toBe(87)
      })

      it('but not more than there can be, nor of a device that has none', async () => {
        const device = await conn.lookupNodeDevice(sriov)
        expect(await numberOf(device.setVirtualFunctions(8))).toBe(8)
        expect(await numberOf(device.setVirtualFunctions(1.5))).toBe(8)
        expect(await numberOf((await conn.lookupNodeDevice('computer')).setVirtualFunctions(1))).toBe(84)
      })
    })
  })
}
