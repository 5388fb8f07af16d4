import { describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backend.js'
import { Fleet, type FleetHost, type FleetProgress } from '../../src/index.js'
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
