import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Backend, DomainEvent } from '../../src/backend.js'
import {
  type AffectOptions,
  type Connection,
  connect,
  type Domain,
  type ErrorCode,
  type HostdevDef,
} from '../../src/index.js'
import { sameHostDevice } from '../../src/model/hostdev-match.js'
import { failure } from '../failure.js'
import { needs } from '../needs.js'
import { expectWatchToEnd } from './watch-end.js'

/** What a host of the suite may lack; anything a backend lacks for good stands in its `lacks` as well. */
export type GuestLack =
  | 'live'
  | 'config'
  /** What runs and what is stored, apart. */
  | 'apart'
  | 'alias'
  /** The place in the guest. */
  | 'address'
  /** Devices meant by the name of the node device. */
  | 'selector'
  | 'controllers'
  | 'events'
  | 'lifecycle'

/** What the suite must know of a host with guests. It leaves the host as it found it. */
export interface GuestHost {
  open(): Promise<Backend>
  /** A guest that runs and has none of the devices. Where none can run here, `live` is lacked. */
  running?: string
  /** A guest that does not run and has none of the devices. */
  stopped: string
  /** Two devices of the host that may be given away. */
  devices: readonly [HostdevDef, HostdevDef]
  /** The name of the first of them as a node device. */
  name?: string
  /** A device that is not on the host, and what attaching it to the running guest answers. */
  absent: { readonly def: HostdevDef; readonly code: ErrorCode }
  /** Stops the running guest and starts it again, from outside. */
  restart?(guest: string): void | Promise<void>
  /** What cannot be asked of this host, and why. */
  lacks?: Readonly<Partial<Record<GuestLack, string>>>
}

const aliasOf = (def: HostdevDef) => ('alias' in def ? def.alias : undefined)
const addressOf = (def: HostdevDef) => ('address' in def ? def.address : undefined)

/** What every backend with guests owes; each runs this on a host of its own. */
export function domainContract(name: string, host: GuestHost): void {
  const { lacks = {}, devices, absent } = host
  const [first, second] = devices
  const unless = (...what: GuestLack[]) => needs(what.map((each) => lacks[each]).find((reason) => reason !== undefined))

  describe(`${name}, as every backend with guests`, () => {
    let backend: Backend
    let conn: Connection
    beforeAll(async () => {
      backend = await host.open()
      conn = await connect(backend)
    })
    afterAll(() => conn.close())

    const guestOf = (mode: AffectOptions): Promise<Domain> =>
      conn.lookupDomain(mode.live ? (host.running ?? '') : host.stopped)
    const has = async (guest: Domain, def: HostdevDef, mode: AffectOptions) =>
      (await guest.hostdevs(mode)).some((each) => sameHostDevice(each, def))
    const guests = () => [...(host.running === undefined ? [] : [host.running]), host.stopped]

    afterEach(async () => {
      for (const guest of await Promise.all(guests().map((each) => conn.lookupDomain(each))))
        for (const mode of [{ live: true }, { config: true }])
          for (const def of devices) {
            const there = await guest.hostdevs(mode).catch(() => [])
            // where live and stored are one list, the first round has taken it away already
            if (there.some((each) => sameHostDevice(each, def))) await guest.detachHostdev(def, mode).catch(() => {})
          }
    })

    describe('finds guests', () => {
      it('and lists them sorted by name, each once', async () => {
        const names = (await conn.listDomains()).map((guest) => guest.name)
        expect(names).toEqual([...new Set(names)].sort())
        expect(names).toEqual(expect.arrayContaining(guests()))
      })

      it('by name and by UUID, and says of them what the list says', async () => {
        for (const info of (await backend.domains?.list({})) ?? []) {
          const guest = await conn.lookupDomain(info.name)
          expect(await guest.info()).toEqual(info)
          expect(await guest.state()).toBe(info.state)
          if (info.uuid === undefined) continue
          expect(await guest.uuid()).toBe(info.uuid)
          expect((await conn.lookupDomain(info.uuid)).name).toBe(info.name)
          expect((await conn.lookupDomain(info.uuid.toUpperCase())).name).toBe(info.name)
        }
      })

      it('of which one that does not run has no number, and one that runs has another state', async () => {
        const info = await (await conn.lookupDomain(host.stopped)).info()
        expect([info.state, info.id]).toEqual(['shutoff', undefined])
        if (host.running !== undefined)
          expect(await (await conn.lookupDomain(host.running)).state()).not.toBe('shutoff')
      })

      it('or answers no-domain with the nearest names', async () => {
        const wrong = `${host.stopped}x`
        expect(await failure(conn.lookupDomain(wrong))).toMatchObject({
          code: 'no-domain',
          number: 42,
          details: { domain: wrong, candidates: expect.arrayContaining([host.stopped]) },
        })
      })

      it.each(['', '..', 'a/b', '../../etc/passwd', 'a\nb', '-h', 'x'.repeat(5000)])(
        'and has none that is called %j',
        async (wrong) => {
          expect(['no-domain', 'invalid-argument']).toContain((await failure(conn.lookupDomain(wrong))).code)
        },
      )

      it('and answers no-domain to every call for one that is gone', async () => {
        const { domains } = backend
        if (!domains) throw new Error('no guests')
        const gone = 'hostdev-gone'
        const calls = [
          () => domains.hostdevs(gone, {}),
          () => domains.attach(gone, first, {}),
          () => domains.detach(gone, first, {}),
          () => domains.controllers?.(gone, {}),
          () => domains.attachController?.(gone, {}, {}),
          () => domains.detachController?.(gone, 0, {}),
        ]
        for (const call of calls) {
          const answer = call()
          if (answer) expect(await failure(answer)).toMatchObject({ code: 'no-domain', details: { domain: gone } })
        }
        expect(await domains.lookup(gone, {})).toBeUndefined()
      })
    })

    const modes: readonly (readonly [word: 'live' | 'config', mode: AffectOptions])[] = [
      ['live', { live: true }],
      ['config', { config: true }],
    ]
    for (const [word, mode] of modes)
      unless(word).describe(word === 'live' ? 'gives a running guest' : 'stores for a guest', () => {
        it('a device, and answers with it as the guest has it', async () => {
          const guest = await guestOf(mode)
          const attached = await guest.attachHostdev(first, mode)
          expect(sameHostDevice(attached, first)).toBe(true)
          expect(await guest.hostdevs(mode)).toContainEqual(attached)
        })

        it('what a def says beside the source', async () => {
          const guest = await guestOf(mode)
          expect(await guest.attachHostdev(first, mode)).toMatchObject(first)
        })

        it('the same device twice, which is an answer', async () => {
          const guest = await guestOf(mode)
          const attached = await guest.attachHostdev(first, mode)
          expect(await guest.attachHostdev(first, mode)).toEqual(attached)
          expect((await guest.hostdevs(mode)).filter((each) => sameHostDevice(each, first))).toHaveLength(1)
        })

        it('a device, and takes that one back by its def', async () => {
          const guest = await guestOf(mode)
          await guest.attachHostdev(first, mode)
          await guest.attachHostdev(second, mode)
          await guest.detachHostdev(first, mode)
          expect([await has(guest, first, mode), await has(guest, second, mode)]).toEqual([false, true])
        })

        it('what it can take back as it was answered', async () => {
          const guest = await guestOf(mode)
          await guest.detachHostdev(await guest.attachHostdev(first, mode), mode)
          expect(await has(guest, first, mode)).toBe(false)
        })

        it('two devices at the same time', async () => {
          const guest = await guestOf(mode)
          await Promise.all(devices.map((def) => guest.attachHostdev(def, mode)))
          expect([await has(guest, first, mode), await has(guest, second, mode)]).toEqual([true, true])
          const aliases = (await guest.hostdevs(mode)).map(aliasOf).filter((alias) => alias !== undefined)
          expect(new Set(aliases).size).toBe(aliases.length)
        })

        it('several devices at once, and takes them back at once', async () => {
          const guest = await guestOf(mode)
          const attached = await guest.attachHostdevs(devices, mode)
          expect(attached.map((def, index) => sameHostDevice(def, devices[index] ?? def))).toEqual([true, true])
          expect(await guest.hostdevs(mode)).toEqual(expect.arrayContaining(attached))
          await guest.detachHostdevs(devices, mode)
          expect([await has(guest, first, mode), await has(guest, second, mode)]).toEqual([false, false])
        })

        it('nothing back that it has not: device-missing', async () => {
          const guest = await guestOf(mode)
          expect(await failure(guest.detachHostdev(first, mode))).toMatchObject({
            code: 'device-missing',
            number: 99,
            details: { domain: guest.name },
          })
        })
      })

    unless('live').describe('with a running guest', () => {
      unless('alias').it('takes a device back by its alias alone', async () => {
        const guest = await guestOf({ live: true })
        const [, attached] = await guest.attachHostdevs(devices)
        const alias = attached && aliasOf(attached)
        expect(alias).toEqual(expect.any(String))
        await guest.detachHostdev({ alias: alias ?? '' })
        expect([await has(guest, first, {}), await has(guest, second, {})]).toEqual([true, false])
        expect(await failure(guest.detachHostdev({ alias: alias ?? '' }))).toMatchObject({ code: 'device-missing' })
      })

      unless('address').it('takes a device back by the place at which the guest sees it', async () => {
        const guest = await guestOf({ live: true })
        const [, attached] = await guest.attachHostdevs(devices)
        const address = attached && addressOf(attached)
        if (!address) throw new Error('the guest has not said where it sees the device')
        await guest.detachHostdev({ address })
        expect([await has(guest, first, {}), await has(guest, second, {})]).toEqual([true, false])
      })

      it('means it as it runs, unless told', async () => {
        const guest = await guestOf({ live: true })
        await guest.attachHostdev(first)
        expect(await has(guest, first, { live: true })).toBe(true)
        await guest.detachHostdev(first)
        expect(await has(guest, first, { live: true })).toBe(false)
      })

      it('says of a device that the host has not what is wrong, and gives nothing', async () => {
        const guest = await guestOf({ live: true })
        const before = await guest.hostdevs()
        const error = await failure(guest.attachHostdev(absent.def, { live: true }))
        expect([error.code, await guest.hostdevs()]).toEqual([absent.code, before])
      })

      it('gives several devices or none: what was given is taken back when another cannot be', async () => {
        const guest = await guestOf({ live: true })
        const before = await guest.hostdevs()
        const error = await failure(guest.attachHostdevs([first, second, absent.def], { live: true }))
        expect([error.code, await guest.hostdevs()]).toEqual([absent.code, before])
      })

      it('leaves what the guest had before when several cannot be given', async () => {
        const guest = await guestOf({ live: true })
        await guest.attachHostdev(first, { live: true })
        await failure(guest.attachHostdevs([first, second, absent.def], { live: true }))
        expect([await has(guest, first, {}), await has(guest, second, {})]).toEqual([true, false])
      })

      unless('selector').it('gives the one device that a selector means', async () => {
        const guest = await guestOf({ live: true })
        const attached = await guest.attachHostdev({ name: host.name ?? '' }, { live: true })
        expect(sameHostDevice(attached, first)).toBe(true)
        await guest.detachHostdev({ name: host.name ?? '' }, { live: true })
        expect(await has(guest, first, {})).toBe(false)
      })

      unless('config', 'apart').it('keeps what runs and what is stored apart', async () => {
        const guest = await guestOf({ live: true })
        await guest.attachHostdev(first, { config: true })
        expect([await has(guest, first, { live: true }), await has(guest, first, { config: true })]).toEqual([
          false,
          true,
        ])
        await guest.attachHostdev(second, { live: true })
        expect([await has(guest, second, { live: true }), await has(guest, second, { config: true })]).toEqual([
          true,
          false,
        ])
      })

      unless('config').it('changes both when both are asked for', async () => {
        const guest = await guestOf({ live: true })
        const both = { live: true, config: true }
        await guest.attachHostdev(first, both)
        expect([await has(guest, first, { live: true }), await has(guest, first, { config: true })]).toEqual([
          true,
          true,
        ])
        await guest.detachHostdev(first, both)
        expect([await has(guest, first, { live: true }), await has(guest, first, { config: true })]).toEqual([
          false,
          false,
        ])
      })

      unless('config', 'apart').it('changes the one that lacks the device when both are asked for', async () => {
        const guest = await guestOf({ live: true })
        await guest.attachHostdev(first, { live: true })
        await guest.attachHostdev(first, { live: true, config: true })
        expect(await has(guest, first, { config: true })).toBe(true)
        await guest.detachHostdev(first, { live: true })
        await guest.attachHostdev(first, { live: true, config: true })
        expect(await has(guest, first, { live: true })).toBe(true)
      })

      unless('config', 'apart').it('changes neither when one of both has not what is to be taken back', async () => {
        const guest = await guestOf({ live: true })
        await guest.attachHostdev(first, { live: true })
        const error = await failure(guest.detachHostdev(first, { live: true, config: true }))
        expect([error.code, await has(guest, first, { live: true })]).toEqual(['device-missing', true])
      })

      unless('config', 'apart', 'alias').it('finds what is stored by the alias that it has as it runs', async () => {
        const guest = await guestOf({ live: true })
        const both = { live: true, config: true }
        const alias = aliasOf(await guest.attachHostdev(first, both)) ?? ''
        await guest.detachHostdev({ alias }, both)
        expect([await has(guest, first, { live: true }), await has(guest, first, { config: true })]).toEqual([
          false,
          false,
        ])
      })

      unless('config').it('stores nothing when the guest cannot have it', async () => {
        const guest = await guestOf({ live: true })
        await failure(guest.attachHostdev(absent.def, { live: true, config: true }))
        expect(await has(guest, absent.def, { config: true })).toBe(false)
      })
    })

    unless('config').describe('with a guest that does not run', () => {
      it('means what is stored, unless told', async () => {
        const guest = await guestOf({ config: true })
        await guest.attachHostdev(first)
        expect([await has(guest, first, {}), await has(guest, first, { config: true })]).toEqual([true, true])
        await guest.detachHostdev(first)
        expect(await has(guest, first, {})).toBe(false)
      })

      it('refuses live changes with error 55', async () => {
        const guest = await guestOf({ config: true })
        const live = { live: true }
        const calls = [
          () => guest.hostdevs(live),
          () => guest.attachHostdev(first, live),
          () => guest.detachHostdev(first, live),
        ]
        for (const call of calls) expect(await failure(call())).toMatchObject({ code: 'operation-invalid', number: 55 })
        expect(await has(guest, first, {})).toBe(false)
      })
    })

    unless('controllers').describe('with USB controllers', () => {
      const mode = { [lacks.live === undefined ? 'live' : 'config']: true }
      it('gives one with its index filled in, and takes it back', async () => {
        const guest = await guestOf(mode)
        const before = await guest.controllers(mode)
        const made = await guest.attachController({}, mode)
        expect(before.map(({ index }) => index)).not.toContain(made.index)
        expect(await guest.controllers(mode)).toMatchObject([...before, made])
        await guest.detachController(made.index ?? -1, mode)
        expect(await guest.controllers(mode)).toEqual(before)
      })

      it('has none of an index that no controller has: device-missing', async () => {
        const guest = await guestOf(mode)
        expect(await failure(guest.detachController(99, mode))).toMatchObject({
          code: 'device-missing',
          details: { domain: guest.name },
        })
      })
    })

    unless('events').describe('tells of guests', () => {
      const eventsUntil = async (
        kind: DomainEvent['kind'],
        work: () => Promise<unknown> | unknown,
      ): Promise<DomainEvent[]> => {
        const events: DomainEvent[] = []
        await using watch = await conn.watchDomains()
        await work()
        for await (const event of watch) {
          events.push(event)
          if (event.kind === kind) break
        }
        return events
      }

      unless('live', 'alias').it('that get a device and give it back, with its alias', async () => {
        const guest = await guestOf({ live: true })
        let alias: string | undefined
        const events = await eventsUntil('device-removed', async () => {
          alias = aliasOf(await guest.attachHostdev(first, { live: true }))
          await guest.detachHostdev(first, { live: true })
        })
        expect(events).toEqual([
          { kind: 'device-added', domain: guest.name, alias },
          { kind: 'device-removed', domain: guest.name, alias },
        ])
      })

      unless('live', 'lifecycle').it('that stop and start', async () => {
        const guest = host.running ?? ''
        const events = await eventsUntil('started', () => host.restart?.(guest))
        expect(events).toEqual([
          { kind: 'stopped', domain: guest },
          { kind: 'started', domain: guest },
        ])
      })

      it('until it is disposed of, or its signal is aborted', async () => {
        await expectWatchToEnd((options) => conn.watchDomains(options))
      })
    })

    it('refuses every change on a read-only connection with error 29', async () => {
      const reader = await connect(backend, { readOnly: true })
      const guest = await reader.lookupDomain(host.stopped)
      const changes = [
        () => guest.attachHostdev(first),
        () => guest.detachHostdev(first),
        () => guest.attachController({}),
        () => guest.detachController(0),
        () => guest.shutdown(),
      ]
      for (const change of changes) expect(await failure(change())).toMatchObject({ code: 'read-only', number: 29 })
      expect(await guest.hostdevs()).toEqual(await (await conn.lookupDomain(host.stopped)).hostdevs())
    })

    it('ends a call with the reason of an aborted signal', async () => {
      const reason = new Error('enough')
      const signal = AbortSignal.abort(reason)
      const guest = await conn.lookupDomain(host.stopped)
      await expect(conn.listDomains({ signal })).rejects.toBe(reason)
      await expect(guest.hostdevs({ signal })).rejects.toBe(reason)
      await expect(guest.attachHostdev(first, { signal })).rejects.toBe(reason)
      expect(await has(guest, first, {})).toBe(false)
    })
  })
}
