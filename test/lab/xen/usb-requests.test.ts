import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it } from 'vitest'
import { bundle } from '../../../scripts/bundle.mjs'
import { needs } from '../../needs.js'
import { machine } from '../boot.js'
import { dom0With } from './dom0.js'
import { startGuest } from './guest.js'
import type { UsbRequests } from './usb-requests.js'

const xen = machine('xen')
/** Minutes, where others keep the machine busy. */
const timeout = 1_800_000

/** Of the hub that the lab has for tablets: with the two that are there they make ten. */
const ports = [1, 2, 3, 4, 5, 6, 7, 8]

/** Each tablet takes the emulated dom0 seconds, six times over. */
const unasked = process.env.LAB_ALL ? undefined : 'LAB_ALL=1 runs it'

needs(unasked ?? (await dom0With())).describe('ten USB devices of a real Xen', () => {
  let seen: UsbRequests

  beforeAll(async () => {
    const { url } = await bundle('test/lab/xen/usb-requests.ts', '.cache/usb-requests.mjs')
    xen.put(fileURLToPath(url), 'usb-requests.mjs')
    await startGuest(xen, 'pvusb')
    for (const port of ports) await xen.hmp(`device_add usb-tablet,bus=xhci.0,port=3.${port},id=tablet${port}`)
    try {
      seen = JSON.parse(await xen.run('udevadm settle; node /lab/usb-requests.mjs', { timeout }))
    } finally {
      for (const port of ports) await xen.hmp(`device_del tablet${port}`)
    }
  }, timeout)

  it('are given and taken back in one transaction each, with fewer requests than xl needs', () => {
    const { devices, listed, givenByUs, takenByUs, givenByXl, takenByXl } = seen
    expect([devices, listed.match(/: Bus/g)?.length]).toEqual([10, 10])
    expect([givenByUs.transactions, takenByUs.transactions]).toEqual([1, 1])
    expect(givenByUs.requests).toBeLessThan(givenByXl.requests)
    expect(takenByUs.requests).toBeLessThan(takenByXl.requests)
  })
})
