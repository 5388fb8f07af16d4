import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Change, reverse } from '../../src/manager/change.js'
import { DeviceLocks } from '../../src/manager/device-locks.js'
import type { ManagedHost } from '../../src/manager/managed-host.js'
import { readPciFunction } from '../../src/manager/pci-function.js'
import { detachSteps } from '../../src/manager/pci-steps.js'
import { recover } from '../../src/manager/recover.js'
import { runChange } from '../../src/manager/run-change.js'
import { MemoryFiles } from '../../src/os/host-files-memory.js'
import { StateFolder } from '../../src/os/state-folder.js'
import { passthroughDrivers, passthroughModules, passthroughTree } from '../data/passthrough-tree.js'
import { FakeKernel } from '../fakes/kernel.js'

const nic = '0000:02:00.0'
const override = `/sys/bus/pci/devices/${nic}/driver_override`
const vfio = { driver: 'vfio-pci', module: 'vfio-pci' }

let folder: string
let kernel: FakeKernel
let host: ManagedHost
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostdev-change-'))
  kernel = new FakeKernel(new MemoryFiles(passthroughTree), {
    drivers: passthroughDrivers,
    modules: passthroughModules,
  })
  const state = new StateFolder(join(folder, 'state'))
  host = { files: kernel.tree, writes: kernel, run: kernel.run, state, settle: 20 }
})
afterEach(() => {
  kernel.letGo()
  rmSync(folder, { recursive: true })
})

async function detach(change: Partial<Change> = {}, signal?: AbortSignal) {
  const pci = readPciFunction(host.files, nic)
  using locks = await DeviceLocks.take(host.state, [pci], 'test')
  const steps = await detachSteps(host, pci, vfio)
  const whole: Change = { verb: 'detach', devices: [pci], steps, recovery: 'undo', records: [], ...change }
  return await runChange(host, whole, locks, signal ? { signal } : {})
}
const state = async () => [kernel.driverOf('pci', nic), (await kernel.read(override)) as string]
const journals = () => host.state.names().filter((name) => name.startsWith('journal-'))

describe('runChange', () => {
  it('does every step, and answers what it has done', async () => {
    expect(await detach()).toEqual([
      { run: ['modprobe', 'vfio-pci'] },
      { write: override, value: 'vfio-pci' },
      { write: '/sys/bus/pci/drivers/e1000e/unbind', value: nic },
      { write: '/sys/bus/pci/drivers_probe', value: nic },
    ])
    expect(await state()).toEqual(['vfio-pci', 'vfio-pci\n'])
    expect(journals()).toEqual([])
  })

  it('skips what is reached already', async () => {
    const steps = await detachSteps(host, readPciFunction(host.files, nic), vfio)
    await detach({ steps })
    expect(await detach({ steps })).toEqual([])
  })

  it('restores the host when its steps are taken in reverse', async () => {
    const steps = await detachSteps(host, readPciFunction(host.files, nic), vfio)
    await detach()
    expect(await detach({ steps: reverse(steps) })).toEqual([
      { write: '/sys/bus/pci/drivers/vfio-pci/unbind', value: nic },
      { write: override, value: '\n' },
      { write: '/sys/bus/pci/drivers_probe', value: nic },
    ])
    expect(await state()).toEqual(['e1000e', '(null)\n'])
  })

  it.each([
    ['the override', override, 'EBUSY', 'operation-failed', 'EBUSY'],
    ['the override, for an ordinary user', override, 'EACCES', 'access-denied', 'only root'],
    ['the override, in a container', override, 'EROFS', 'access-denied', 'read-only'],
    ['the unbinding', '/sys/bus/pci/drivers/e1000e/unbind', 'ENODEV', 'device-missing', 'has gone'],
    ['the probing', '/sys/bus/pci/drivers_probe', 'EINVAL', 'operation-failed', 'EINVAL'],
  ])('undoes all when the kernel refuses %s', async (_what, path, errno, code, message) => {
    kernel.refusing.set(path, errno)
    // the way back is open
    kernel.before = () => {
      if (kernel.log.some((line) => line.endsWith(` > ${path}`))) kernel.refusing.delete(path)
    }
    await expect(detach()).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
    expect(await state()).toEqual(['e1000e', '(null)\n'])
    expect(journals()).toEqual([])
  })

  it('undoes all when a write is taken without effect', async () => {
    kernel.tree.set('/sys/bus/pci/drivers/broken/unbind', '')
    kernel.unwilling.add('broken')
    const steps = await detachSteps(host, readPciFunction(host.files, nic), { driver: 'broken', module: 'broken' })
    await expect(detach({ steps })).rejects.toThrow(/02_00_0.*drivers_probe was taken by the kernel without the driver/)
    expect(await state()).toEqual(['e1000e', '(null)\n'])
  })

  it('undoes what was done when it is aborted', async () => {
    const controller = new AbortController()
    kernel.before = (count) => {
      if (count === 3) controller.abort(new Error('enough'))
    }
    await expect(detach({}, controller.signal)).rejects.toThrow('enough')
    expect(await state()).toEqual(['e1000e', '(null)\n'])
  })

  it('leaves the journal when undoing fails too, says so, and is recovered later', async () => {
    kernel.refusing.set('/sys/bus/pci/drivers_probe', 'EINVAL')
    await expect(detach()).rejects.toThrow(/EINVAL.*undoing it has failed.*recover/s)
    expect(journals()).toHaveLength(1)
    expect(await recover(host)).toMatchObject([{ verb: 'detach', devices: ['pci_0000_02_00_0'], result: 'failed' }])
    kernel.refusing.clear()
    expect(await recover(host)).toMatchObject([{ result: 'undone', pid: process.pid }])
    expect(await state()).toEqual(['e1000e', '(null)\n'])
    expect(journals()).toEqual([])
  })

  it('leaves a device alone whose write hangs, keeps it locked, and gives it back when that has ended', async () => {
    kernel.hanging.add('/sys/bus/pci/drivers/e1000e/unbind')
    await expect(detach()).rejects.toMatchObject({ code: 'timeout', number: 68 })
    const written = kernel.log.length
    await expect(detach()).rejects.toMatchObject({ code: 'resource-busy', number: 87 })
    expect(await recover(host)).toMatchObject([
      { result: 'busy', reason: expect.stringMatching(/hanging in the kernel/) },
    ])
    expect(kernel.log).toHaveLength(written)

    kernel.hanging.clear()
    kernel.letGo()
    await expect.poll(() => recover(host)).toMatchObject([{ result: 'undone' }])
    expect(await state()).toEqual(['e1000e', '(null)\n'])
  })
})

describe('recover', () => {
  it('has nothing to do on a host that nobody has changed', async () => {
    expect(await recover(host)).toEqual([])
    expect(readdirSync(folder)).toEqual([])
  })

  it('forgets what was begun before the host was rebooted', async () => {
    kernel.hanging.add('/sys/bus/pci/drivers/e1000e/unbind')
    await detach().catch(() => {})
    kernel.tree.set('/proc/sys/kernel/random/boot_id', 'another\n')
    expect(await recover(host)).toEqual([])
    expect(journals()).toEqual([])
  })
})
