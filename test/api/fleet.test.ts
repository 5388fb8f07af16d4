import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import type { Backend } from '../../src/backend.js'
import { connect, Fleet, type FleetHost, type FleetProgress } from '../../src/index.js'
import { mock } from '../../src/mock.js'
import { smallHost } from '../data/small-host.js'

const healthy = (name: string): FleetHost => ({ name, open: () => mock({ devices: smallHost }) })
const hanging: FleetHost = { name: 'hanging', open: () => new Promise<Backend>(() => {}) }
const dead: FleetHost = { name: 'dead', open: () => 'nowhere:///' }
const stuck: FleetHost = {
  name: 'stuck',
  async open() {
    const backend = await mock({ devices: smallHost })
    backend.devices.list = () => new Promise(() => {})
    return backend
  },
}

describe('Fleet', () => {
  it('gives the devices of every host, and errors of those that fail as results', async () => {
    const fleet = new Fleet([healthy('a'), dead, hanging, healthy('b'), stuck], { timeout: 50 })
    const answers = new Map<string, number | string>()
    for await (const { host, error } of fleet.listNodeDevices())
      answers.set(host, error ? error.code : Number(answers.get(host) ?? 0) + 1)
    expect(Object.fromEntries(answers)).toEqual({
      a: smallHost.length,
      b: smallHost.length,
      dead: 'no-connection',
      hanging: 'timeout',
      stuck: 'timeout',
    })
  })

  it('does not keep healthy hosts waiting for one that hangs', async () => {
    const fleet = new Fleet([hanging, healthy('a')])
    for await (const { host } of fleet.listNodeDevices()) {
      expect(host).toBe('a')
      break
    }
  })

  it('finds a device wherever it is', async () => {
    const fleet = new Fleet([healthy('a'), healthy('b')])
    expect((await fleet.find({ pci: '00:1f.2' })).map(({ host, value }) => [host, value?.name])).toEqual([
      ['a', 'pci_0000_00_1f_2'],
      ['b', 'pci_0000_00_1f_2'],
    ])
  })

  it('tells its progress', async () => {
    const told: FleetProgress[] = []
    const fleet = new Fleet([healthy('a'), dead], { concurrency: 1, onProgress: (progress) => told.push(progress) })
    await fleet.find({ name: 'computer' })
    expect(told).toEqual([
      { total: 2, answered: 1, failed: 0, host: 'a' },
      { total: 2, answered: 1, failed: 1, host: 'dead' },
    ])
  })

  it('gives names alone', async () => {
    const names: (string | undefined)[] = []
    for await (const { value } of new Fleet([healthy('a')]).listNodeDeviceNames({ capability: 'pci' }))
      names.push(value)
    await using conn = await connect(mock({ devices: smallHost }))
    expect(names).toEqual((await conn.listNodeDevices({ capability: 'pci' })).map(({ name }) => name))
    expect(names).toContain('pci_0000_00_1f_2')
  })

  it('does not take the time that its reader takes for that of a host', async () => {
    const fleet = new Fleet([healthy('a')], { timeout: 100 })
    let count = 0
    for await (const { error } of fleet.listNodeDevices()) {
      expect(error).toBeUndefined()
      if (count++ < 3) await sleep(60)
    }
    expect(count).toBe(smallHost.length)
  })

  it('closes a host that opens too late', async () => {
    let closed = false
    const late: FleetHost = {
      name: 'late',
      async open() {
        await sleep(30)
        const backend = await mock({ devices: smallHost })
        return Object.assign(backend, {
          async [Symbol.asyncDispose]() {
            closed = true
          },
        })
      },
    }
    expect(await new Fleet([late], { timeout: 5 }).find({ name: 'computer' })).toMatchObject([
      { host: 'late', error: { code: 'timeout' } },
    ])
    await vi.waitFor(() => expect(closed).toBe(true))
  })

  it('asks no more hosts at a time than it may', async () => {
    let [now, most] = [0, 0]
    const hosts = Array.from(
      { length: 20 },
      (_, i): FleetHost => ({
        name: `${i}`,
        async open() {
          most = Math.max(most, ++now)
          await sleep(1)
          const backend = await mock({ devices: smallHost })
          return Object.assign(backend, {
            async [Symbol.asyncDispose]() {
              now--
            },
          })
        },
      }),
    )
    await new Fleet(hosts, { concurrency: 4 }).find({ name: 'computer' })
    expect(most).toBeLessThanOrEqual(5)
    expect(() => new Fleet(hosts, { concurrency: 0 })).toThrow(/asks nobody/)
  })

  it('refuses a host that it has twice', () => {
    expect(() => new Fleet(['linux:///', 'linux:///'])).toThrow(/twice/)
  })

  it('ends with the reason of an aborted signal', async () => {
    const controller = new AbortController()
    const fleet = new Fleet([hanging])
    setTimeout(() => controller.abort(new Error('enough')), 10)
    await expect(fleet.find({ name: 'computer' }, { signal: controller.signal })).rejects.toThrow('enough')
  })
})

describe('events of a Fleet', () => {
  async function watched(name: string) {
    const backend = await mock({ devices: smallHost })
    return { stage: backend.stage, host: { name, open: () => backend } satisfies FleetHost }
  }

  it('come in one stream, with the errors of hosts that cannot be watched', async () => {
    const [a, b] = [await watched('a'), await watched('b')]
    const told: FleetProgress[] = []
    const options = { timeout: 50, onProgress: (progress: FleetProgress) => told.push(progress) }
    await using events = await new Fleet([a.host, dead, b.host, hanging], options).watchNodeDevices()
    expect(told.at(-1)).toMatchObject({ answered: 2, failed: 2 })
    a.stage.unplug('pci_0000_00_1f_2')
    b.stage.unplug('pci_0000_00_1f_2')
    const seen: unknown[] = []
    for await (const { host, value, error } of events) {
      seen.push([host, error?.code ?? value?.kind])
      if (host === 'b') break
    }
    expect(seen).toEqual([
      ['dead', 'no-connection'],
      ['hanging', 'timeout'],
      ['a', 'deleted'],
      ['b', 'deleted'],
    ])
  })

  it('end when there is no host, or none that can be watched', async () => {
    for (const hosts of [[], [dead]]) {
      const events = await new Fleet(hosts).watchNodeDevices()
      const seen = []
      for await (const { host } of events) seen.push(host)
      expect(seen).toEqual(hosts.map(({ name }) => name))
    }
  })

  it('end with the reason of an aborted signal', async () => {
    const controller = new AbortController()
    const waiting = new Fleet([hanging]).watchNodeDevices({ signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })
})
