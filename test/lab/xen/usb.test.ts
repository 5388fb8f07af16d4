import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it } from 'vitest'
import { bundle } from '../../../scripts/bundle.mjs'
import { needs } from '../../needs.js'
import { machine } from '../boot.js'
import { dom0With } from './dom0.js'
import { startGuest } from './guest.js'
import type { UsbHandOver } from './usb-hand-over.js'

const xen = machine('xen')
/** Minutes, where others keep the machine busy. */
const timeout = 1_800_000

/** What differs from xl by intent; docs/xen.md has the reasons. */
const deliberate = ['/libxl/usbback = "" (n0)']
const alike = (rows: readonly string[]) => rows.filter((row) => !deliberate.includes(row))

needs(await dom0With()).describe('PVUSB on a real Xen', () => {
  let seen: UsbHandOver

  beforeAll(async () => {
    const { url } = await bundle('test/lab/xen/usb-hand-over.ts', '.cache/usb-hand-over.mjs')
    xen.put(fileURLToPath(url), 'usb-hand-over.mjs')
    await startGuest(xen, 'pvusb')
    seen = JSON.parse(await xen.run('node /lab/usb-hand-over.mjs', { timeout }))
  }, timeout)

  it('gives a guest a device that it uses and xl lists', () => {
    const { attached, byUs, start } = seen.emulated
    expect([start.driver, byUs.driver]).toEqual(['usb-storage', 'usbfs'])
    expect(attached).toMatchObject({ alias: 'vusb-0-1', address: { kind: 'usb', bus: 0, port: '1' } })
    expect(byUs.listed).toMatch(/^0 +qusb +0 +4 +2 +4 *\n {2}Port 1: Bus \d{3} Device \d{3}$/m)
  })

  it('writes what xl writes, and takes away what xl takes away', () => {
    const { byUs, byXl, xlTookIt, weTookIt, start } = seen.emulated
    expect(byUs.tree).toEqual(byXl.tree)
    expect([xlTookIt.tree, weTookIt.tree]).toEqual([start.tree, start.tree])
    expect([xlTookIt.hostdevs, weTookIt.driver]).toEqual([[], 'usb-storage'])
    expect(byXl.hostdevs).toEqual([seen.emulated.attached])
  })

  it('makes controllers as xl does', () => {
    const { controller, controllerByUs, controllerByXl, xlTookController, weTookController } = seen.emulated
    expect(controller).toEqual({ index: 1, type: 'qusb', version: 1, ports: 2 })
    expect(controllerByXl.controllers).toContainEqual(expect.objectContaining(controller))
    expect(controllerByUs.tree).toEqual(controllerByXl.tree)
    expect(weTookController).toEqual(xlTookController)
  })

  it("binds interfaces to dom0's backend as xl does, each giving back what the other has taken", () => {
    const { driver, withController, byUs, byXl, xlTookIt, weTookIt } = seen.kernel
    expect(byUs).toEqual(byXl)
    expect([byUs.driver, xlTookIt.driver, weTookIt.driver]).toEqual(['usbback', driver, driver])
    expect([alike(xlTookIt.tree), alike(weTookIt.tree)]).toEqual([alike(withController), alike(withController)])
  })

  it('leaves nothing of a change that was killed, once it is recovered', () => {
    for (const { killed, recovered, tree, driver } of seen.kernel.crashes)
      expect([killed, recovered, tree, driver]).toEqual([
        true,
        ['undone'],
        seen.kernel.weTookIt.tree,
        seen.kernel.driver,
      ])
    expect(seen.kernel.after).toEqual(seen.kernel.before)
  })
})
