import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Connection, capabilityOf, type NodeDevice, nodeDevice, VirtError } from '../../src/index.js'

/** What the suite must know of a host to ask it something. */
export interface ContractHost {
  open(options?: { readOnly?: boolean }): Promise<Connection>
  /** What the backend cannot do, and why. */
  lacks?: Readonly<Partial<Record<'lookupByKey', string>>>
}

const codeOf = async (call: Promise<unknown>) => {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return VirtError.is(error) ? error.code : error
}

/** What every backend owes of node devices; each runs this on a host of its own. */
export function nodeDeviceContract(name: string, { open, lacks = {} }: ContractHost): void {
  describe(`${name}, as every backend with node devices`, () => {
    let conn: Connection
    beforeAll(async () => {
      conn = await open()
    })
    afterAll(async () => {
      await conn.close()
    })

    it('lists devices sorted by name, each once', async () => {
      const names = (await conn.listNodeDevices()).map((device) => device.name)
      expect(names).toEqual([...new Set(names)].sort())
      expect(names).toContain('computer')
    })

    it('counts what it lists', async () => {
      expect(await conn.numOfNodeDevices()).toBe((await conn.listNodeDevices()).length)
    })

    it('gives the same devices in bulk as by name', async () => {
      const bulk: string[] = []
      for await (const def of conn.nodeDeviceDefs()) bulk.push(def.name)
      expect(bulk.sort()).toEqual((await conn.listNodeDevices()).map((device) => device.name))
    })

    it('finds each listed device by its name, with a capability and a parent that is listed', async () => {
      const names = new Set((await conn.listNodeDevices()).map((device) => device.name))
      for (const device of await conn.listNodeDevices()) {
        const found = await conn.lookupNodeDevice(device.name)
        const def = await found.def()
        expect([def.name, def.capabilities.length]).toEqual([device.name, 1])
        expect(await found.parent()).toBe(def.parent)
        if (def.parent !== undefined) expect(names).toContain(def.parent)
      }
    })

    it('writes XML that reads as the same def', async () => {
      for (const device of await conn.listNodeDevices())
        expect(nodeDevice.parse(await device.xml())).toEqual(await device.def())
    })

    it('filters by capability: each word of a device finds it, an unknown word finds nothing', async () => {
      for (const device of await conn.listNodeDevices())
        for (const capability of await device.capabilities()) {
          const names = (await conn.listNodeDevices({ capability })).map((each) => each.name)
          expect(names).toContain(device.name)
        }
      expect(await conn.listNodeDevices({ capability: 'flux' })).toEqual([])
    })

    it('filters by bus, and says which buses there are when it does not know one', async () => {
      for await (const def of conn.nodeDeviceDefs({ bus: 'pci' })) expect(def.capabilities[0]?.kind).toBe('pci')
      await expect(conn.listNodeDevices({ bus: 'flux' })).rejects.toThrow(/pci.*usb/)
      expect(await codeOf(conn.listNodeDevices({ bus: 'flux' }))).toBe('invalid-argument')
    })

    it.runIf(lacks.lookupByKey === undefined)('finds devices by their path', async () => {
      for await (const def of conn.nodeDeviceDefs())
        if (def.path !== undefined) expect((await conn.lookupNodeDeviceByKey(def.path)).name).toBe(def.name)
      expect(await codeOf(conn.lookupNodeDeviceByKey('/sys/devices/absent'))).toBe('no-node-device')
    })

    it('finds devices by the names HAL gave them, or says which are alike', async () => {
      for await (const def of conn.nodeDeviceDefs({ capability: 'pci' })) {
        const { vendor, product } = capabilityOf(def, 'pci') ?? {}
        const key = `/org/freedesktop/Hal/devices/pci_${vendor?.id.toString(16)}_${product?.id.toString(16)}`
        const found: unknown = await conn.lookupNodeDeviceByKey(key).catch((reason: unknown) => reason)
        const names = VirtError.is(found, 'ambiguous') ? found.details.candidates : [(found as NodeDevice).name]
        expect(names).toContain(def.name)
      }
      expect(await codeOf(conn.lookupNodeDeviceByKey('pci_dead_beef'))).toBe('no-node-device')
    })

    it('answers no-node-device, with the nearest names, for a device that is not there', async () => {
      const error: unknown = await conn.lookupNodeDevice('computr').catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'no-node-device', number: 53, details: { candidates: ['computer'] } })
    })

    it.each(['', 'a/b', '..', 'a\0b', 'a\nb', 'x'.repeat(5000)])('refuses the name %j', async (bad) => {
      expect(await codeOf(conn.lookupNodeDevice(bad))).toBe('invalid-argument')
    })

    it('gives computer no parent', async () => {
      expect(await (await conn.lookupNodeDevice('computer')).parent()).toBeUndefined()
    })

    it('says that ordinary devices are active and transient', async () => {
      const [device] = await conn.listNodeDevices({ capability: ['pci', 'net'] })
      if (device) expect([await device.isActive(), await device.isPersistent()]).toEqual([true, false])
    })

    it('finds no SCSI host by a WWN that none has', async () => {
      expect(await codeOf(conn.lookupNodeDeviceScsiHostByWwn('0'.repeat(16), '1'.repeat(16)))).toBe('no-node-device')
    })

    it('refuses every change on a read-only connection with error 29', async () => {
      await using reader = await open({ readOnly: true })
      const device = await reader.lookupNodeDevice('computer')
      const xml = await device.xml()
      const changes = [
        reader.createNodeDevice(xml),
        reader.defineNodeDevice(xml),
        device.destroy(),
        device.undefine(),
        device.start(),
        device.update(xml),
        device.setAutostart(true),
        device.detach(),
        device.reattach(),
        device.reset(),
        device.setVirtualFunctions(1),
      ]
      const errors = await Promise.all(changes.map((change) => change.catch((reason: unknown) => reason)))
      expect(errors.map((error) => (error as VirtError).number)).toEqual(changes.map(() => 29))
    })

    it('ends a call with the reason of an aborted signal', async () => {
      const reason = new Error('enough')
      await expect(conn.listNodeDevices({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    })

    it('answers operation-invalid once it is closed', async () => {
      const closed = await open()
      await closed.close()
      await closed.close()
      expect(await codeOf(closed.listNodeDevices())).toBe('operation-invalid')
    })
  })
}
