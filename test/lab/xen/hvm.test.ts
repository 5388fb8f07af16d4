import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it } from 'vitest'
import { bundle } from '../../../scripts/bundle.mjs'
import { needs } from '../../needs.js'
import { machine } from '../boot.js'
import { dom0With } from './dom0.js'
import { startGuest } from './guest.js'
import type { HvmHandOver } from './hvm-hand-over.js'

const xen = machine('xen')
/** Minutes, where others keep the machine busy. */
const timeout = 3_600_000

needs(await dom0With('hvm')).describe('emulated USB of an HVM guest of a real Xen', () => {
  let seen: HvmHandOver

  beforeAll(async () => {
    const { url } = await bundle('test/lab/xen/hvm-hand-over.ts', '.cache/hvm-hand-over.mjs')
    xen.put(fileURLToPath(url), 'hvm-hand-over.mjs')
    await startGuest(xen, 'hvm')
    seen = JSON.parse(await xen.run('node /lab/hvm-hand-over.mjs', { timeout }))
  }, timeout)

  it('has the controllers of each version that xl makes, each taken back by the other', () => {
    const drivers = ['piix3-usb-uhci', 'usb-ehci', 'nec-usb-xhci']
    const ports = [2, 6, 4]
    for (const [at, { made, byUs, byXl, xlTookIt, weTookIt }] of seen.controllers.entries()) {
      expect(made).toMatchObject({ index: 0, type: 'devicemodel', version: at + 1, ports: ports[at] })
      expect(byUs.qemu).toEqual({ 'xenusb-0': [`child<${drivers[at]}>`] })
      expect(byUs.tree).toContain(`/libxl/${seen.id}/device/vusb/0/num-ports = "${ports[at]}" (n0)`)
      const { controllers, ...there } = byXl
      expect(there).toEqual(byUs)
      expect(controllers).toMatchObject([made])
      expect([xlTookIt, weTookIt]).toEqual([seen.start, seen.start])
    }
  })

  it('comes with a first device, and the guest has this one and the next on its ports', () => {
    const { first, second, byUs, before } = seen.handOver
    expect([first, second]).toMatchObject([{ alias: 'vusb-0-1' }, { alias: 'vusb-0-2' }])
    expect(byUs.plugged).toEqual(['1 QEMU USB Tablet', '2 QEMU USB HARDDRIVE'])
    expect([before, byUs.drivers]).toEqual([
      ['usbhid', 'usb-storage'],
      [null, null],
    ])
  })

  it('is the same in xenstore and in QEMU whether we have given it or xl has, and listed alike', () => {
    const { byUs, byXl, hostdevs, first, second, listed } = seen.handOver
    expect(byXl).toEqual(byUs)
    expect(hostdevs).toEqual([first, second])
    expect(listed[0]).toBe(listed[1])
    expect(listed[0]).toMatch(/^0 +devicemodel +0 +0 +2 +6 *\n {2}Port 1: Bus 002 Device \d{3}\n {2}Port 2: Bus 001/m)
  })

  it('lets go of devices that we have given by xl, and of those that xl has given by us', () => {
    const { xlTookThem, weTookThem, before } = seen.handOver
    const { hostdevs, ...xlTook } = xlTookThem
    expect(xlTook).toEqual(weTookThem)
    expect([hostdevs, weTookThem.drivers]).toEqual([[], before])
    expect(Object.keys(weTookThem.qemu)).toEqual(['xenusb-0'])
  })

  it('has no port beyond its last, and takes no hubs', () => {
    expect(seen.handOver.refused).toEqual([
      expect.stringMatching(/^config-unsupported: .* has no port 7; it has 1 to 6$/),
      expect.stringMatching(/^operation-invalid: .* is a hub/),
    ])
  })

  it('lets go of a device that has another number since it was plugged in again, which xl cannot, and has it anew', () => {
    const { unplugged, again, xlStatus, taken, given, plugged } = seen.replug
    expect(xlStatus).toBe(1)
    expect(unplugged).toMatchObject([{ alias: 'vusb-0-1', source: { missing: true } }])
    expect(again).toMatchObject([{ alias: 'vusb-0-1', source: { vendor: 0x0627 } }])
    expect(taken).toEqual({ tree: seen.handOver.weTookThem.tree, qemu: seen.handOver.weTookThem.qemu })
    expect(given).toEqual(again[0])
    expect(plugged).toEqual(['1 QEMU USB Tablet'])
  })

  it('stays with a guest that is paused, which xl forgets, until that runs again', () => {
    const { before, kept, forgotten, another, after } = seen.paused
    const { result, ...still } = kept
    expect([result, still]).toEqual([
      expect.stringMatching(/^timeout: .*does not let go of its USB controller 0/),
      before,
    ])
    expect([forgotten.tree, forgotten.qemu]).toEqual([seen.start.tree, { 'xenusb-0': ['child<usb-ehci>'] }])
    expect(another).toMatchObject({ index: 1 })
    expect(after).toEqual(seen.start)
  })

  it('is as before when giving a device was killed, at each step, once that is recovered', () => {
    const { before, attaching } = seen.killed
    for (const { work: _, point, signal, recovered, ...after } of attaching)
      expect([point, signal, recovered, after]).toEqual([point, 'SIGKILL', ['undone'], before])
  })

  it('has a device no more when taking it was killed, at each step, once that is recovered', () => {
    const { without, detaching } = seen.killed
    for (const { work: _, point, signal, recovered, ...after } of detaching)
      expect([point, signal, recovered, after]).toEqual([point, 'SIGKILL', ['finished'], without])
  })

  it('gives its devices back when the guest is destroyed', () => {
    const { withGuest, after, tree, recovered, findings } = seen.destroyed
    expect([withGuest, after, tree, recovered]).toEqual([null, 'usb-storage', seen.start.tree, []])
    expect(findings).not.toContain('in-use')
  })
})
