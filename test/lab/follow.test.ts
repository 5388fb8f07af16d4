import { fileURLToPath } from 'node:url'
import { beforeAll, expect, inject, it } from 'vitest'
import { bundle } from '../../scripts/bundle.mjs'
import { followLog } from '../contract/follow-scenario.js'
import { needs } from '../needs.js'
import { machine } from './boot.js'
import type { Followed } from './follow-devices.js'

const lab = machine('lab')
/** It takes the emulated lab minutes, and is not yet steady enough to judge a change by. */
const unasked = process.env.LAB_ALL ? undefined : 'LAB_ALL=1 runs it'
const rounds = 50

needs(inject('absentMachine') ?? unasked).describe(
  'a USB gadget that is followed through the libvirtd of the lab',
  () => {
    let seen: Followed

    beforeAll(async () => {
      const { url } = await bundle('test/lab/follow-devices.ts', '.cache/follow-devices.mjs')
      lab.put(fileURLToPath(url), 'follow-devices.mjs')
      await lab.run('lab-virt usb && lab-libvirtd', { timeout: 300_000 })
      seen = JSON.parse(await lab.run(`node /lab/follow-devices.mjs ${rounds} 0`, { timeout: 900_000 }))
    }, 1_300_000)

    it('plays the scenario with the same log of events as the mock', () => {
      expect(seen.log).toEqual(followLog)
    })

    it('is attached again at each replug', () => {
      expect(seen.replugged.attached).toBe(rounds)
    })
  },
)
