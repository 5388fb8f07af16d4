import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LinuxHost } from '../../src/host/linux-host.js'
import { Book } from '../../src/manager/book.js'
import { release } from '../../src/manager/claim.js'
import { readPciFunction } from '../../src/manager/pci-function.js'
import { reattach } from '../../src/manager/reattach.js'
import { recover } from '../../src/manager/recover.js'
import { takeFromTheGone } from '../../src/manager/take.js'
import type { NodeDeviceDef } from '../../src/model/node-device.js'
import { CrashHost } from '../fakes/crash-host.js'
import { folderGuest } from '../fakes/folder-guest.js'
import { folderHost } from '../fakes/folder-host.js'

let crash: CrashHost
let host: string
beforeAll(async () => {
  crash = await CrashHost.make()
  host = crash.folder
})
afterAll(() => crash[Symbol.dispose]())

const endAt = (work: string, point: number, points: number) => crash.endAt(work, point, points)
const runWhole = (work: string) => crash.runWhole(work)
const drivers = () => crash.drivers()
const recorded = () => crash.recorded()
const recoverIt = () => crash.recover()

async function giveBack(names: readonly string[]): Promise<void> {
  const { managed } = folderHost(host)
  for (const name of names) {
    const def = (await new LinuxHost({ files: managed.files }).lookup(name, {})) as NodeDeviceDef
    await reattach(managed, def, {})
  }
}

describe('a process that is killed', () => {
  it.each([
    ['detach', undefined, ['pci_0000_02_00_0']],
    ['detachGroup', undefined, ['pci_0000_01_00_0', 'pci_0000_01_00_1']],
    ['detachUsb', undefined, ['usb_1_1']],
    ['reattach', 'detach', ['pci_0000_02_00_0']],
    ['reattachUsb', 'detachUsb', ['usb_1_1']],
  ])('at any point of %s leaves a host that can be recovered', { timeout: 600_000 }, async (work, first, names) => {
    const before = drivers()
    if (first) await runWhole(first)
    const between = drivers()
    const points = await runWhole(work)
    const after = first ? between : drivers()
    await giveBack(names)
    expect([points > 8, drivers()]).toEqual([true, before])

    for (let point = 1; point <= points; point++) {
      if (first) await runWhole(first)
      await endAt(work, point, points)
      for (const { result } of await recoverIt()) expect(['undone', 'finished']).toContain(result)
      expect(await recoverIt()).toEqual([])

      // either as if nothing had been done, or as if all had, with a record of how to give the device back
      expect([point, drivers()]).toEqual([point, recorded().length > 0 ? after : before])
      await giveBack(names)
      expect([drivers(), recorded()]).toEqual([before, []])
    }
  })

  it('while it recovers can be recovered again', { timeout: 600_000 }, async () => {
    const before = drivers()
    const points = await runWhole('detachGroup')
    await giveBack(['pci_0000_01_00_0', 'pci_0000_01_00_1'])
    // when all but the last steps are done there is most to be undone
    const cutOff = points - 4
    await endAt('detachGroup', cutOff, points)
    const last = await runWhole('recover')
    for (let point = 1; point <= last; point++) {
      await endAt('detachGroup', cutOff, points)
      await endAt('recover', point, last)
      await recoverIt()
      expect([point, drivers(), recorded()]).toEqual([point, before, []])
    }
  })
})

describe('a process that is killed as it hands a device over', () => {
  const has = () => folderGuest(host).has({ driver: 'QEMU', domain: 'web' }, { key: '', name: '' })
  const users = () => new Book(folderHost(host).managed).all().flatMap((record) => record.users ?? []).length
  const bringToAnEnd = async () => {
    const managed = { ...folderHost(host).managed, guests: folderGuest(host) }
    const results = (await recover(managed)).map(({ result }) => result)
    expect(results.filter((result) => result !== 'undone' && result !== 'finished')).toEqual([])
    for await (const { failure } of takeFromTheGone(managed)) expect(failure).toBeUndefined()
    expect(await recover(managed)).toEqual([])
  }

  it.each([
    ['give', undefined],
    ['giveUsb', undefined],
    ['take', 'give'],
    ['take', 'giveUsb'],
  ])(
    'at any point of %s after %s leaves it with the guest or with the host, and the book says so',
    {
      timeout: 600_000,
    },
    async (work, first) => {
      const before = drivers()
      await runWhole(first ?? work)
      const given = drivers()
      const points = first ? await runWhole(work) : undefined
      if (!first) await runWhole('take')
      expect([drivers(), recorded(), given === before]).toEqual([before, [], false])
      const count = points ?? (await runWhole(work))
      if (!first) await runWhole('take')

      const seen = new Set<boolean>()
      for (let point = 1; point <= count; point++) {
        if (first) await runWhole(first)
        await endAt(work, point, count)
        await bringToAnEnd()
        const guestHas = await has()
        seen.add(guestHas)
        expect([point, drivers(), users()]).toEqual([point, guestHas ? given : before, guestHas ? 1 : 0])

        // and when the guest ends the host has it, whatever was left
        folderGuest(host).ends()
        await bringToAnEnd()
        expect([point, drivers(), recorded()]).toEqual([point, before, []])
      }
      expect(seen).toEqual(new Set([true, false]))
    },
  )

  it('is recovered again when that is cut off too', { timeout: 600_000 }, async () => {
    const before = drivers()
    const points = await runWhole('give')
    folderGuest(host).ends()
    await bringToAnEnd()
    // the guest has it and ends, so that all is to be given back
    const cutOff = points - 2
    const prepare = async () => {
      await endAt('give', cutOff, points)
      folderGuest(host).ends()
    }
    await prepare()
    const last = await runWhole('recoverGuests')
    for (let point = 1; point <= last; point++) {
      await prepare()
      await endAt('recoverGuests', point, last)
      await bringToAnEnd()
      expect([point, drivers(), recorded()]).toEqual([point, before, []])
    }
  })
})

describe('two processes that want one device', () => {
  it('get it one at a time, and the other is told who has it', { timeout: 600_000 }, async () => {
    const rounds = 200
    const nic = '0000:02:00.0'
    const racers = ['left', 'right'].map((name) => {
      const child = spawn(process.execPath, [crash.program, host, 'race'], { stdio: ['pipe', 'pipe', 'inherit'] })
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      return { name, child, lines }
    })
    const losses = new Set<string>()
    for (let round = 1; round <= rounds; round++) {
      const answers = await Promise.all(
        racers.map(async ({ name, child, lines }) => {
          child.stdin.write(`${name}-${round}\n`)
          return String((await lines.next()).value)
        }),
      )
      const winner = answers.indexOf('won')
      expect([round, answers.filter((answer) => answer === 'won')]).toEqual([round, ['won']])
      const { name, child } = racers[winner] as (typeof racers)[number]
      const told = answers[1 - winner] as string
      expect(told).toMatch(
        new RegExp(`is in use by driver QEMU, domain ${name}-${round};|is being changed by process ${child.pid} `),
      )
      losses.add(told.split(':')[0] as string)
      const { managed } = folderHost(host)
      await release(managed, readPciFunction(managed.files, nic), { driver: 'QEMU', domain: `${name}-${round}` })
      await giveBack(['pci_0000_02_00_0'])
    }
    for (const { child } of racers) child.stdin.end()
    expect([...losses].every((code) => ['operation-invalid', 'resource-busy'].includes(code))).toBe(true)
  })
})
