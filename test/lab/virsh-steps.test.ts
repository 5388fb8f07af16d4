import { fileURLToPath } from 'node:url'
import { beforeAll, expect, inject, it } from 'vitest'
import { bundle } from '../../scripts/bundle.mjs'
import { needs } from '../needs.js'
import { machine } from './boot.js'
import type { VirshSteps } from './virsh-steps.js'

const lab = machine('lab')
const patient = { timeout: 3_000_000 }

needs(inject('absentMachine')).describe('a device that is detached, reset and reattached', () => {
  let all: VirshSteps
  beforeAll(async () => {
    const { url } = await bundle('test/lab/virsh-steps.ts', '.cache/virsh-steps.mjs')
    lab.put(fileURLToPath(url), 'virsh-steps.mjs')
    await lab.run('modprobe vfio-pci; modprobe vfio_iommu_type1; lab-libvirtd && lab-clean', patient)
    await lab.run('echo 0 >/sys/bus/pci/devices/0000:05:00.0/sriov_drivers_autoprobe')
    all = JSON.parse(await lab.run('node /lab/virsh-steps.mjs', patient))
  }, 3_600_000)

  const of = (what: string) => all.seen[what] as NonNullable<VirshSteps['seen'][string]>

  it.each([
    'a NIC alone in its group',
    'both functions of a NIC',
    'a virtual function',
    'an absent device',
    'what is not PCI',
  ])('is, as %s, treated as libvirtd treats it, and as it was afterwards', (what) => {
    const { libvirt, hostdev } = of(what)
    expect(hostdev).toEqual(libvirt)
    expect([hostdev.left, hostdev.same]).toEqual([{}, true])
  })

  it.each([
    ['a NIC alone in its group', ['0000:02:00.0']],
    ['both functions of a NIC', ['0000:01:00.0', '0000:01:00.1']],
    ['a NIC behind a PCI bridge', ['0000:04:01.0']],
    ['a virtual function', ['0000:05:00.1']],
  ])('is, as %s, held by vfio-pci, and no other with it', (what, devices) => {
    const { detach, reattach, held, left, same } = of(what).hostdev
    expect([[...detach, ...reattach].every((number) => number === 0), left, same]).toEqual([true, {}, true])
    expect(held).toEqual(of(what).libvirt.held)
    expect(held).toEqual(Object.fromEntries(devices.map((device) => [device, 'vfio-pci vfio-pci'])))
  })

  it.each([
    ['an absent device', 53],
    ['what is not PCI', 8],
    ['an unknown driver', 8],
    ['the driver kvm', 74],
  ])('is, as %s, refused with libvirt’s number', (what, number) => {
    const { libvirt, hostdev } = of(what)
    expect([libvirt.detach, hostdev.detach]).toEqual([[number], [number]])
  })

  it('is not said to be reset when the kernel cannot reset it for its neighbours, as libvirtd says', () => {
    const { libvirt, hostdev } = of('a NIC behind a PCI bridge')
    expect([libvirt.reset, hostdev.reset]).toEqual([[0], [9]])
  })

  it('is kept when it is a bridge, which libvirtd takes', () => {
    const { libvirt, hostdev } = of('a bridge')
    expect([libvirt.detach, hostdev.detach, hostdev.reset]).toEqual([[0], [55], [55]])
    expect([hostdev.held, hostdev.left]).toEqual([{}, {}])
  })

  it('is taken as a USB device, which libvirtd refuses, and comes back as it was', () => {
    const { libvirt, hostdev } = of('a USB device')
    expect([libvirt.detach, hostdev.detach, hostdev.reattach]).toEqual([[8], [0], [0]])
    expect(hostdev.left).toEqual({})
  })

  it('is left alone while somebody has it open', () => {
    expect(all.busy).toEqual({ whileOpen: [55, 55], afterwards: 0 })
  })
})
