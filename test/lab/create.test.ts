import { fileURLToPath } from 'node:url'
import { beforeAll, expect, inject, it } from 'vitest'
import { bundle } from '../../scripts/bundle.mjs'
import { needs } from '../needs.js'
import { machine } from './boot.js'
import type { CreateDevices } from './create-devices.js'

const lab = machine('lab')
/** It takes the emulated lab minutes. */
const unasked = process.env.LAB_ALL ? undefined : 'LAB_ALL=1 runs it'
const patient = { timeout: 3_000_000 }

needs(inject('absentMachine') ?? unasked).describe('virtual devices of the lab host', () => {
  let seen: CreateDevices
  beforeAll(async () => {
    const { url } = await bundle('test/lab/create-devices.ts', '.cache/create-devices.mjs')
    lab.put(fileURLToPath(url), 'create-devices.mjs')
    await lab.run('lab-virt fc mdev && lab-libvirtd && lab-clean', patient)
    seen = JSON.parse(await lab.run('node /lab/create-devices.mjs', patient))
  }, 3_600_000)

  it('are for libvirtd what they are for hostdev, whoever of them makes, defines and destroys them', () => {
    expect(seen.steps).toHaveLength(19)
    for (const { step, seen: views } of seen.steps)
      expect({ step, ...views }).toEqual({ step, hostdev: views.libvirtd, libvirtd: views.libvirtd })
  })

  it('have the XML that virsh prints', () => {
    expect(seen.printed).toHaveLength(2)
    for (const [our, their] of seen.printed) expect(our).toBe(their)
  })

  it.each([
    ['defined', [false, true, false]],
    ['autostarted', [false, true, true]],
    ['started', [true, true, true]],
    ['destroyed', [false, true, true]],
    ['started by mdevctl', [true, true, true]],
    ['undefined', 'absent'],
    ['made by libvirtd', [true, false, false]],
    ['a virtual HBA made', [true, false, false]],
    ['a virtual HBA destroyed', 'absent'],
  ])('are, when %s, active, persistent and autostarted as they should be', (what, state) => {
    const view = seen.steps.find(({ step }) => step === what)?.seen.hostdev
    expect(typeof view === 'object' ? view.state : view).toEqual(state)
  })

  it('are defined for mdevctl too', () => {
    expect(seen.mdevctlSees).toMatchObject({ mdev_type: 'mtty-2', start: 'manual' })
  })

  it('are, with attributes and changed, what mdevctl itself would have made of them', () => {
    const { byHostdev, byMdevctl } = seen.mdevctlKeeps
    expect(byMdevctl).toEqual([
      { mdev_type: 'mtty-2', start: 'manual', attrs: [{ attribute0: '1' }, { attribute1: 'two 2' }] },
      { mdev_type: 'mtty-2', start: 'manual', attrs: [{ attribute0: '3' }] },
    ])
    expect(byHostdev).toEqual(byMdevctl)
  })

  it('are not destroyed while a guest has them, and the guest is named', () => {
    expect(seen.guestHas).toEqual([expect.objectContaining({ kind: 'mdev', alias: 'hostdev0' })])
    expect(seen.inUse).toMatch(/^internal: mdev_83b8f4f2_\w+ is in use by driver QEMU, domain creation; /)
  })

  it('are, as virtual HBAs, found by their names, of which there is one', () => {
    expect([seen.byWwn, seen.twin]).toEqual([true, expect.stringMatching(/^system: /)])
  })

  it('are virtual functions as many as are asked for, and gone with 0', () => {
    for (const { count, listed, seen: views } of seen.functions)
      expect([listed.length, views.hostdev]).toEqual([count, views.libvirtd])
  })

  it('are taken back when whoever made them is killed in the middle', () => {
    const took = (verb: string) => ({ signal: 'SIGKILL', recovered: [`${verb} undone`], again: 0, left: [] })
    expect(seen.crashes).toEqual([
      { work: 'a mediated device made', ...took('create') },
      { work: 'a mediated device defined', ...took('define') },
      { work: 'a virtual HBA made', ...took('create') },
      { work: 'virtual functions made', ...took('set-vfs') },
    ])
  })

  it('leave nothing behind', () => {
    expect([seen.journals, seen.left]).toEqual([[], { come: [], gone: [] }])
  })
})
