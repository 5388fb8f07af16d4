import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backend, DeviceEvent, WatchOptions } from '../../src/backend.js'
import { type Connection, connect, VirtError } from '../../src/index.js'
import { needs } from '../needs.js'
import { expectWatchToEnd } from './watch-end.js'

/** What the suite must know of a host whose devices are watched, and taken from their drivers. It puts all back. */
export interface ChangingHost {
  open(): Promise<Backend>
  /** A PCI device that has a driver, which nobody uses, alone in its group, on a host that can isolate it. */
  device?: string
  /** A device that comes, and goes again, and the kind it is of. */
  coming?: { readonly name: string; readonly capability: string }
  plug?(): void | Promise<void>
  unplug?(): void | Promise<void>
  /** What cannot be asked of this host, and why; a method that a backend lacks for good stands in its `lacks` too. */
  lacks?: Readonly<Partial<Record<'detach' | 'reset' | 'watch', string>>>
}

const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no error',
    (error: unknown) => (VirtError.is(error) ? error.code : error),
  )

/** What every backend owes that changes devices or tells of changes; each runs this on a host of its own. */
export function deviceChangeContract(name: string, host: ChangingHost): void {
  const { device: subject = '', coming = { name: '', capability: '' }, lacks = {} } = host

  describe(`${name}, as every backend whose devices change`, () => {
    let backend: Backend
    let conn: Connection
    beforeAll(async () => {
      backend = await host.open()
      conn = await connect(backend)
    })
    afterAll(() => conn.close())

    const driverOf = async (device: string) => (await (await conn.lookupNodeDevice(device)).def()).driver

    needs(lacks.detach).describe('takes a device from its driver', () => {
      it('and gives it back to the one it had', async () => {
        const device = await conn.lookupNodeDevice(subject)
        const before = await device.def()
        await device.detach()
        const held = await driverOf(subject)
        expect([held, before.driver]).toEqual([expect.any(String), expect.not.stringMatching(`^${held}$`)])
        await device.reattach()
        expect(await device.def()).toEqual(before)
      })

      it('twice, which is an answer, and gives it back twice as well', async () => {
        const device = await conn.lookupNodeDevice(subject)
        const before = await driverOf(subject)
        await device.detach()
        await device.detach()
        expect(await driverOf(subject)).not.toBe(before)
        await device.reattach()
        await device.reattach()
        expect(await driverOf(subject)).toBe(before)
      })

      it('but changes nothing where only the plan is asked for', async () => {
        const device = await conn.lookupNodeDevice(subject)
        const before = await device.def()
        await device.detach({ dryRun: true })
        expect(await device.def()).toEqual(before)
      })

      it('to one that holds devices for guests, and to no other', async () => {
        const device = await conn.lookupNodeDevice(subject)
        const before = await driverOf(subject)
        expect(await codeOf(device.detach({ driver: 'flux' }))).not.toBe('no error')
        expect(await driverOf(subject)).toBe(before)
      })

      needs(lacks.reset).it('and resets it while it is held', async () => {
        const device = await conn.lookupNodeDevice(subject)
        const before = await driverOf(subject)
        await device.detach()
        const held = await driverOf(subject)
        await device.reset()
        expect(await driverOf(subject)).toBe(held)
        await device.reattach()
        expect(await driverOf(subject)).toBe(before)
      })

      it('but not when the call is given up before it begins', async () => {
        const device = await conn.lookupNodeDevice(subject)
        const before = await driverOf(subject)
        const reason = new Error('enough')
        await expect(device.detach({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
        expect(await driverOf(subject)).toBe(before)
      })

      it('which answers no-node-device for one that has gone', async () => {
        const { devices } = backend
        const gone = 'pci_0000_ff_1f_7'
        for (const call of [devices.detach?.(gone, {}), devices.reattach?.(gone, {}), devices.reset?.(gone, {})])
          if (call) expect(await codeOf(call)).toBe('no-node-device')
      })
    })

    needs(lacks.watch).describe('tells of devices', () => {
      /** What a watch tells until a device has come and gone again. */
      const comeAndGo = async (options: WatchOptions): Promise<DeviceEvent[]> => {
        const events: DeviceEvent[] = []
        await using watch = await conn.watchNodeDevices(options)
        await host.plug?.()
        for await (const event of watch) {
          events.push(event)
          if (event.device !== coming.name) continue
          if (event.kind === 'created') await host.unplug?.()
          if (event.kind === 'deleted') break
        }
        return events
      }
      const lifecycle = (events: readonly DeviceEvent[]) =>
        events
          .filter(({ device, kind }) => device === coming.name && (kind === 'created' || kind === 'deleted'))
          .map(({ kind }) => kind)

      it.each([
        ['all', {}],
        ['those of a kind', { capability: coming.capability }],
        ['one', { device: coming.name }],
      ])('that come and go: %s', async (_, options) => {
        const events = await comeAndGo(options)
        expect(lifecycle(events)).toEqual(['created', 'deleted'])
        if ('device' in options) expect(new Set(events.map(({ device }) => device))).toEqual(new Set([coming.name]))
      })

      it('to everybody who asks, each from then on', async () => {
        await using first = await conn.watchNodeDevices({ device: coming.name })
        expect(lifecycle(await comeAndGo({}))).toEqual(['created', 'deleted'])
        const seen: DeviceEvent[] = []
        for await (const event of first) {
          seen.push(event)
          if (event.kind === 'deleted') break
        }
        expect(lifecycle(seen)).toEqual(['created', 'deleted'])
      })

      it('until the watch is disposed of, or its signal is aborted', async () => {
        await expectWatchToEnd((options) => conn.watchNodeDevices(options))
      })

      it('and does not begin when the signal is aborted already', async () => {
        const reason = new Error('enough')
        await expect(conn.watchNodeDevices({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      })
    })
  })
}
