import { fileURLToPath } from 'node:url'
import { beforeAll, expect, inject, it } from 'vitest'
import { bundle } from '../../scripts/bundle.mjs'
import { hostdev } from '../../src/index.js'
import { needs } from '../needs.js'
import { machine } from './boot.js'
import type { HandOver } from './libvirt-hand-over.js'

const lab = machine('lab')

needs(inject('absentMachine')).describe('devices handed over by the libvirtd of the lab', () => {
  let seen: HandOver

  beforeAll(async () => {
    const { url } = await bundle('test/lab/libvirt-hand-over.ts', '.cache/libvirt-hand-over.mjs')
    lab.put(fileURLToPath(url), 'libvirt-hand-over.mjs')
    await lab.run('modprobe vfio-pci && lab-libvirtd && lab-clean', { timeout: 150_000 })
    seen = JSON.parse(await lab.run('node /lab/libvirt-hand-over.mjs', { timeout: 150_000 }))
  }, 310_000)

  it('leave their driver and come back to it', () => {
    expect(seen.drivers).toEqual({ before: 'e1000e', detached: 'vfio-pci', reattached: 'e1000e' })
  })

  it('are given to a guest, which says where it sees them', () => {
    expect(seen.usb.attached).toEqual({
      kind: 'usb',
      managed: false,
      source: { vendor: 0x08e6, product: 0x4433, address: { bus: expect.any(Number), device: expect.any(Number) } },
      alias: 'hostdev0',
      address: { kind: 'usb', bus: 0, port: '1' },
    })
    expect(seen.pci.attached).toEqual({
      kind: 'pci',
      managed: true,
      driver: { name: 'vfio' },
      source: { address: { domain: 0, bus: 2, slot: 0, function: 0 } },
      alias: 'hostdev0',
      address: { kind: 'pci', domain: 0, bus: expect.any(Number), slot: 0, function: 0 },
    })
  })

  it('are listed as virsh shows them', () => {
    expect(seen.usb.listed).toEqual([hostdev.parse(seen.usb.xml)])
  })

  it('are given once, however often they are asked for', () => {
    expect(seen.usb.again).toEqual(seen.usb.attached)
  })

  it('are taken back when the guest has let go', () => {
    expect([seen.usb.detached, seen.usb.left]).toEqual(['done', []])
    expect(seen.usb.gone).toMatch(/^device-missing: /)
  })

  it('are not taken back by a call that a paused guest cannot obey', () => {
    expect(seen.pci.detached).toBe('gave up')
  })

  it('cannot be changed while a guest has them', () => {
    const refused = (code: string) => expect.stringMatching(new RegExp(`^${code}: `))
    expect([seen.pci.driver, seen.pci.changes]).toEqual([
      'vfio-pci',
      [refused('operation-invalid'), refused('operation-invalid'), refused('internal')],
    ])
  })

  it('come back to their driver when the guest ends', () => {
    expect(seen.after).toBe('e1000e')
  })

  it('are told of in the order in which they come and go', () => {
    expect(seen.told).toEqual([
      'started',
      'device-added hostdev0',
      'device-removed hostdev0',
      'device-added hostdev0',
      'stopped',
      'undefined',
    ])
  })
})
