import { fileURLToPath } from 'node:url'
import { afterAll, expect, it, vi } from 'vitest'
import { bundle } from '../../scripts/bundle.mjs'
import { needs } from '../needs.js'
import { machine } from './boot.js'
import { ready } from './prepare.js'
import type { VfHandedOver } from './vf-hand-over.js'

// A machine of its own: it needs a newer QEMU than some hosts have, which the other suites do not.
const { absent, stop } = await ready('sriov')
const sriov = machine('sriov')
vi.setConfig({ testTimeout: 600_000 })

needs(absent).describe('a virtual function of a network card of the lab', () => {
  afterAll(stop)

  it('has the address and the VLAN that a guest is to have, and back what it had before', async () => {
    const { url } = await bundle('test/lab/vf-hand-over.ts', '.cache/vf-hand-over.mjs')
    sriov.put(fileURLToPath(url), 'vf-hand-over.mjs')
    const script = 'modprobe igbvf && udevadm settle && node /lab/vf-hand-over.mjs 0000:01:00.0'
    const seen: VfHandedOver = JSON.parse(await sriov.run(script, { timeout: 590_000 }))
    const none = { address: '00:00:00:00:00:00', spoofchk: true, trust: false }
    const own = { address: '52:54:00:00:00:01', vlan: 7, qos: 3, spoofchk: false, trust: true, driver: 'igbvf' }
    expect(seen).toEqual({
      fresh: none,
      first: { ...none, address: '52:54:00:6d:90:02', vlan: 42, driver: 'vfio-pci' },
      freshAfter: none,
      before: own,
      detached: { address: '52:54:00:6d:90:03', vlan: 43, spoofchk: true, trust: false, driver: 'vfio-pci' },
      reattached: own,
      kind: 'pci',
      attached: { address: '52:54:00:6d:90:04', vlan: 44, spoofchk: false, trust: true, driver: 'vfio-pci' },
      takenBack: own,
      recovered: ['finished'],
      afterKill: own,
      wrong: 'operation-failed: ip ended with status 2: RTNETLINK answers: Invalid argument',
      afterWrong: own,
    })
  })
})
