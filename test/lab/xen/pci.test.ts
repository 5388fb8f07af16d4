import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it } from 'vitest'
import { bundle } from '../../../scripts/bundle.mjs'
import { needs } from '../../needs.js'
import { machine } from '../boot.js'
import { dom0With } from './dom0.js'
import type { PciHandOver } from './pci-hand-over.js'

const xen = machine('xen')
/** Minutes, where others keep the machine busy. */
const timeout = 3_600_000

/** The emulated dom0 is at work for nine minutes. */
const unasked = process.env.LAB_ALL ? undefined : 'LAB_ALL=1 runs it'

/** What differs from xl by intent; docs/xen.md has the reasons. */
const deliberate = ['/libxl/pci = "" (n0)', '/libxl/pci/0000-00-09-0 = "" (n0)']
const alike = <S extends { readonly tree: readonly string[] }>({ tree, ...rest }: S) => ({
  ...rest,
  tree: tree.filter((row) => !deliberate.includes(row)),
})

needs(unasked ?? (await dom0With('directio'))).describe('PCI devices on a real Xen', () => {
  let seen: PciHandOver

  beforeAll(async () => {
    const { url } = await bundle('test/lab/xen/pci-hand-over.ts', '.cache/pci-hand-over.mjs')
    xen.put(fileURLToPath(url), 'pci-hand-over.mjs')
    await xen.run('for each in pvpci pv; do ! xl list $each || xl destroy $each; done', { timeout })
    await xen.run('rm -f /var/log/xen/console/guest-pvpci.log')
    seen = JSON.parse(await xen.run('node /lab/pci-hand-over.mjs', { timeout }))
  }, timeout)

  it('are made assignable as xl makes them, each giving back what the other has taken', () => {
    const { start, byUs, byXl, xlGaveBack, weGaveBack } = seen.assignable
    expect([start.driver, byUs.driver, byUs.slots, byUs.list]).toEqual([
      'e1000e',
      'pciback',
      '0000:00:09.0',
      '0000:00:09.0',
    ])
    expect(byUs).toEqual(byXl)
    expect([alike(xlGaveBack), alike(weGaveBack)]).toEqual([alike(start), alike(start)])
  })

  it('have their drivers again when their change was killed, at each of its steps', () => {
    const { start, killed } = seen.assignable
    for (const { point, signal, recovered, ...after } of killed)
      expect([point, signal, recovered.at(-1), alike(after)]).toEqual([point, 'SIGKILL', 'undone', alike(start)])
  })

  it('are taken from a guest to which xl has given them, and given so that it uses them and xl lists them', () => {
    const { started, attached, byUs, weTookIt } = seen.guest
    expect(started.hostdevs).toEqual([attached])
    expect(attached).toMatchObject({
      kind: 'pci',
      alias: 'pci-0000-00-09-0',
      source: { writeFiltering: false },
      address: { domain: 0, bus: 0, slot: 0, function: 0 },
    })
    expect(weTookIt.tree.filter((row) => row.includes('/backend/pci'))).toEqual([])
    expect(byUs.listed).toMatch(/^00\.0 0000:00:09\.0$/m)
  })

  it('leave in xenstore what xl leaves', () => {
    const { byUs, byXl, weTookIt, xlTookIt, attached } = seen.guest
    const { listed: _, ...ours } = byUs
    const { hostdevs, ...theirs } = byXl
    const { hostdevs: none, ...without } = xlTookIt
    expect([ours, weTookIt]).toEqual([theirs, without])
    expect([hostdevs, none]).toEqual([[attached], []])
  })

  it('are refused to another guest, also when xl has forgotten whose they are', () => {
    const refused = expect.stringMatching(/^operation-invalid: /)
    const other = { first: refused, xlStatus: 1, xlForgot: true, again: refused, back: refused }
    expect(seen.guest.other).toMatchObject(other)
  })

  it('go to their drivers and back with the guest when they are managed', () => {
    const { before, returned, managed, unmanaged } = seen.guest
    expect([alike(returned), alike(unmanaged)]).toEqual([alike(before), alike(before)])
    expect([managed.driver, managed.hostdevs]).toEqual(['pciback', [{ ...seen.guest.attached, managed: true }]])
  })

  it('are with the guest or back at their drivers when giving them was killed, never between', () => {
    const { undone, finished, before } = seen.guest
    expect([undone.signal, undone.recovered.at(-1), undone.driver]).toEqual(['SIGKILL', 'undone', before.driver])
    expect([finished.signal, finished.recovered.at(-1), finished.driver]).toEqual(['SIGKILL', 'finished', 'pciback'])
  })

  it('stay with pciback when their guest is destroyed, until the host recovers them', () => {
    const { before, left, recovered, end } = seen.guest
    expect([left.driver, recovered, alike(end)]).toEqual(['pciback', ['finished'], alike(before)])
  })
})
