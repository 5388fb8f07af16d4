import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backend, optionalDeviceCalls, optionalDomainCalls } from '../../src/backend.js'
import { type Connection, connect, Domain, NodeDevice, nodeDevice, VirtError } from '../../src/index.js'

type Call = `devices.${(typeof optionalDeviceCalls)[number]}` | `domains.${(typeof optionalDomainCalls)[number]}`

/** How a user reaches each call that a backend may lack. */
const calls: Readonly<Record<Call, (on: On) => Promise<unknown>>> = {
  'devices.lookupByKey': ({ conn }) => conn.lookupNodeDeviceByKey('/sys/devices/absent'),
  'devices.state': ({ device }) => device.isActive(),
  'devices.create': ({ conn }) => conn.createNodeDevice(mdev),
  'devices.destroy': ({ device }) => device.destroy(),
  'devices.define': ({ conn }) => conn.defineNodeDevice(mdev),
  'devices.undefine': ({ device }) => device.undefine(),
  'devices.start': ({ device }) => device.start(),
  'devices.setAutostart': ({ device }) => device.setAutostart(true),
  'devices.update': ({ device }) => device.update(mdev),
  'devices.detach': ({ device }) => device.detach(),
  'devices.reattach': ({ device }) => device.reattach(),
  'devices.reset': ({ device }) => device.reset(),
  'devices.assignability': ({ device }) => device.assignability(),
  'devices.recover': ({ conn }) => conn.recover(),
  'devices.setVirtualFunctions': ({ device }) => device.setVirtualFunctions(0),
  'devices.watch': ({ conn }) => conn.watchNodeDevices(),
  'domains.attachInterface': ({ guest }) => guest.attachHostdev(lan),
  'domains.controllers': ({ guest }) => guest.controllers(),
  'domains.attachController': ({ guest }) => guest.attachController({}),
  'domains.detachController': ({ guest }) => guest.detachController(0),
  'domains.shutdown': ({ guest }) => guest.shutdown(),
  'domains.watch': ({ conn }) => conn.watchDomains(),
}

const lan = {
  kind: 'hostdev',
  managed: true,
  source: { kind: 'pci', address: { domain: 0, bus: 2, slot: 16, function: 0 } },
} as const

interface On {
  conn: Connection
  device: NodeDevice
  guest: Domain
}

const mdev = nodeDevice.parse(`<device><name>new device</name><parent>computer</parent>
<capability type='mdev'><type id='none'/></capability></device>`)

/** What a backend says of itself; each runs this, whatever it lacks. */
export function abilityContract(name: string, { open }: { open(): Promise<Backend> }): void {
  describe(`${name}, of what it can do`, () => {
    let backend: Backend
    let conn: Connection
    beforeAll(async () => {
      backend = await open()
      conn = await connect(backend)
    })
    afterAll(() => conn.close())

    const on = (): On => {
      const owner = { read: () => backend, change: () => backend }
      const missing = async () => new VirtError('internal', 'not reached')
      return { conn, device: new NodeDevice('computer', { ...owner, missing }), guest: new Domain('none', owner) }
    }
    const drivers = () => ({ devices: backend.devices, domains: backend.domains ?? {} })
    const lacking = (): Call[] =>
      (Object.keys(calls) as Call[]).filter((call) => {
        const [part, method = ''] = call.split('.') as ['devices' | 'domains', string]
        return !(method in drivers()[part])
      })

    it('says of every call, once, whether it is there', async () => {
      const told = (await conn.probe()).filter(({ can }) => can).map(({ call }) => call)
      expect(new Set(told).size).toBe(told.length)
      const all = new Set((await conn.probe()).map(({ call }) => call))
      expect([...Object.keys(calls), 'domains'].filter((call) => !all.has(call))).toEqual([])
    })

    it('states why it lacks what it lacks, and refuses exactly that with error 3 and that reason', async () => {
      const abilities = await conn.probe()
      for (const call of lacking()) {
        const { reason = '', ...ability } = abilities.find((each) => each.call === call) ?? {}
        expect(ability).toEqual({ call, can: false })
        expect(reason, `lacks says why there is no ${call}`).not.toMatch(/^$|backend has none$/)
        const refusal: unknown = await calls[call](on()).catch((error: unknown) => error)
        expect(refusal, call).toMatchObject({ code: 'unsupported', number: 3 })
        expect(String(refusal)).toContain(reason)
      }
    })

    it('gives no reason for the absence of what is there', () => {
      const given = Object.keys(backend.lacks ?? {})
      expect(given.filter((call) => !lacking().includes(call as Call))).toEqual([])
    })
  })
}
