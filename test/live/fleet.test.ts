import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, Fleet, type FleetProgress } from '../../src/index.js'
import { needs } from '../needs.js'
import { lacking, type OwnLibvirtd, ownLibvirtd } from './own-libvirtd.js'

const size = 32
const uriOf = ({ socket }: OwnLibvirtd) => `test+unix:///default?socket=${socket}`

needs(lacking('libvirtd')).describe(`a fleet of ${size} libvirtds`, () => {
  const daemons: OwnLibvirtd[] = []
  /** Two that hang, and one that dies while it is asked. */
  const hanging = [3, 17]
  const dying = 8

  beforeAll(async () => {
    // few at a time: each looks at the whole machine when it starts
    for (let i = 0; i < size; i += 4)
      daemons.push(...(await Promise.all(Array.from({ length: Math.min(4, size - i) }, () => ownLibvirtd()))))
  }, 300_000)
  afterAll(async () => {
    await Promise.all(daemons.map((daemon) => daemon[Symbol.asyncDispose]()))
  }, 60_000)
  it('lists every device of each', async () => {
    const found = new Map<string, string[]>()
    for await (const { host, value, error } of new Fleet(daemons.map(uriOf)).listNodeDevices()) {
      expect(error).toBeUndefined()
      found.set(host, [...(found.get(host) ?? []), value?.name ?? ''])
    }
    expect(found.size).toBe(size)
    for (const names of found.values())
      expect(names.sort()).toEqual(['computer', 'scsi_host1', 'scsi_host11', 'scsi_host2'])
  })

  it('lists the rest without waiting for those that hang, and says which hung or died', async () => {
    const told: FleetProgress[] = []
    const failed = new Map<string, string>()
    const order: string[] = []
    // the one that dies does so while it is asked
    for (const i of [...hanging, dying]) daemons[i]?.process.kill('SIGSTOP')
    try {
      const fleet = new Fleet(daemons.map(uriOf), { timeout: 5000, onProgress: (progress) => told.push(progress) })
      for await (const { host, error } of fleet.listNodeDevices()) {
        if (order.length === 0) daemons[dying]?.process.kill('SIGKILL')
        if (error) failed.set(host, error.code)
        order.push(host)
      }
    } finally {
      for (const i of hanging) daemons[i]?.process.kill('SIGCONT')
    }
    const [first, second, dead] = [...hanging, dying].map((i) => uriOf(daemons[i] as OwnLibvirtd)) as [
      string,
      string,
      string,
    ]
    expect(Object.fromEntries(failed)).toEqual({ [first]: 'timeout', [second]: 'timeout', [dead]: 'no-connection' })
    // those that hang are the last to be heard of
    expect(new Set(order.slice(-2))).toEqual(new Set([first, second]))
    expect(told.at(-1)).toMatchObject({ total: size, answered: size - 3, failed: 3 })
  })

  it('finds a device on those that are there', async () => {
    const found = await new Fleet(daemons.map(uriOf)).find({ wwn: '1000000012341234' })
    const errors = found.filter(({ error }) => error)
    expect(errors).toMatchObject([{ host: uriOf(daemons[dying] as OwnLibvirtd), error: { code: 'no-connection' } }])
    expect(found.filter(({ value }) => value)).toHaveLength(size - 1)
  })

  it('tells what comes and goes on each of them', async () => {
    const some = daemons.filter((_, i) => i !== dying).slice(0, 4)
    const hosts = some.map(uriOf)
    await using events = await new Fleet(hosts).watchNodeDevices()
    const seen = new Map<string, string[]>()
    const watching = (async () => {
      let count = 0
      for await (const { host, value, error } of events) {
        if (error) throw error
        seen.set(host, [...(seen.get(host) ?? []), `${value?.kind} ${value?.device}`])
        if (++count === 2 * hosts.length) break
      }
    })()
    const made = await Promise.all(
      hosts.map(async (uri, i) => {
        await using conn = await connect(uri)
        const wwn = `100000006666666${i}`
        const device = await conn.createNodeDevice(`<device><parent>scsi_host1</parent>
          <capability type='scsi_host'><capability type='fc_host'><wwnn>${wwn}</wwnn><wwpn>${wwn}</wwpn></capability></capability>
        </device>`)
        await device.destroy()
        return [uri, [`created ${device.name}`, `deleted ${device.name}`]] as const
      }),
    )
    await watching
    expect(seen).toEqual(new Map(made))
  })

  it('tells when one of them ends', async () => {
    const hosts = daemons.filter((_, i) => i !== dying)
    const [, second = ''] = hosts.map(uriOf)
    await using events = await new Fleet(hosts.map(uriOf)).watchNodeDevices()
    hosts[1]?.process.kill('SIGKILL')
    for await (const { host, error } of events) {
      expect([host, error?.code]).toEqual([second, 'no-connection'])
      break
    }
  })
})
