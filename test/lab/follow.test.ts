import { fileURLToPath } from 'node:url'
import { beforeAll, expect, inject, it } from 'vitest'
import { bundle } from '../../scripts/bundle.mjs'
import { followLog } from '../contract/follow-scenario.js'
import { needs } from '../needs.js'
import { machine } from './boot.js'
import type { Followed } from './follow-devices.js'
import type { FollowedByQemu } from './follow-qemu.js'

const lab = machine('lab')
/** Each of 50 replugs takes the emulated lab and its libvirtd seconds. */
const unasked = process.env.LAB_ALL ? undefined : 'LAB_ALL=1 runs it'
const patient = { timeout: 3_000_000 }

needs(inject('absentMachine')).describe('what is followed by a QEMU guest of the lab', () => {
  const rounds = process.env.LAB_ALL ? 50 : 5
  let seen: FollowedByQemu

  beforeAll(async () => {
    const { url } = await bundle('test/lab/follow-qemu.ts', '.cache/follow-qemu.mjs')
    lab.put(fileURLToPath(url), 'follow-qemu.mjs')
    await lab.run('lab-virt usb && lab-clean', patient)
    // what a run that was cut off has left plugged in
    for (const id of ['followed-usb', 'followed-pci']) await lab.hmp(`device_del ${id}`)
    const hands: Record<string, string> = {
      'plug usb': 'device_add usb-tablet,bus=xhci.0,port=8,id=followed-usb',
      'unplug usb': 'device_del followed-usb',
      'plug pci': 'device_add e1000e,bus=rp9,id=followed-pci',
      'unplug pci': 'device_del followed-pci',
    }
    const said: Promise<string>[] = []
    const onStderr = (text: string) => {
      for (const line of text.split('\n')) {
        const command = hands[line]
        if (command !== undefined) said.push(lab.hmp(command))
      }
    }
    seen = JSON.parse(await lab.run(`node /lab/follow-qemu.mjs ${rounds}`, { ...patient, onStderr }))
    expect(await Promise.all(said)).toEqual(Array(8).fill(''))
  }, 3_600_000)

  it('plays the scenario with the same log of events as the mock', () => {
    expect(seen.log).toEqual(followLog)
  })

  it('is attached again at each replug', () => {
    expect([seen.replugged.attached, seen.replugged.failures]).toEqual([rounds, []])
  })

  it('comes and goes as it is plugged into the host and taken out of it, USB and PCI', () => {
    const twice = ['waiting for device', 'attached', 'detached', 'waiting for device', 'attached', 'detached']
    expect(seen.usb).toEqual([...twice, 'waiting for device'])
    expect(seen.pci).toEqual([...twice, 'waiting for device'])
  })
})

needs(inject('absentMachine') ?? unasked).describe(
  'a USB gadget that is followed through the libvirtd of the lab',
  () => {
    const rounds = 50
    let seen: Followed

    beforeAll(async () => {
      const { url } = await bundle('test/lab/follow-devices.ts', '.cache/follow-devices.mjs')
      lab.put(fileURLToPath(url), 'follow-devices.mjs')
      await lab.run('lab-virt usb && lab-libvirtd && lab-clean', patient)
      seen = JSON.parse(await lab.run(`node /lab/follow-devices.mjs ${rounds}`, patient))
    }, 3_600_000)

    it('plays the scenario with the same log of events as the mock', () => {
      expect(seen.log).toEqual(followLog)
    })

    it('is attached again at each replug', () => {
      expect(seen.replugged.attached).toBe(rounds)
    })
  },
)
