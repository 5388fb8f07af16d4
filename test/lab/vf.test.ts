import { fileURLToPath } from 'node:url'
import { expect, inject, it, vi } from 'vitest'
import { bundle } from '../../scripts/bundle.mjs'
import { needs } from '../needs.js'
import { machine } from './boot.js'
import type { VfHandedOver } from './vf-hand-over.js'

const lab = machine('lab')
vi.setConfig({ testTimeout: 600_000 })

/** QEMU has a network card with SR-IOV, Intel's 82576, since version 8; the lab is booted with the one of its host. */
async function cardless(): Promise<string | undefined> {
  const absent = inject('absentMachine')
  if (absent !== undefined) return absent
  const { qemu } = (await lab.qmp('query-version')) as { qemu: { major: number } }
  return qemu.major >= 8 ? undefined : `QEMU ${qemu.major} has no network card with SR-IOV; version 8 has`
}

needs(await cardless()).describe('a virtual function of a network card of the lab', () => {
  it('has the address and the VLAN that a guest is to have, and back what it had before', async () => {
    const { url } = await bundle('test/lab/vf-hand-over.ts', '.cache/vf-hand-over.mjs')
    lab.put(fileURLToPath(url), 'vf-hand-over.mjs')
    await lab.hmp('device_del vfcard')
    expect(await lab.hmp('device_add igb,bus=rp9,id=vfcard')).toBe('')
    const script = `card=
      for wait in {1..300}; do
        card=$(basename "$(dirname "$(grep -l 0x10c9 /sys/bus/pci/devices/*/device)")")
        [ -d "/sys/bus/pci/devices/$card/net" ] && break
        sleep 0.2
      done
      modprobe igbvf && udevadm settle && node /lab/vf-hand-over.mjs "$card"`
    const seen: VfHandedOver = JSON.parse(await lab.run(script, { timeout: 590_000 }))
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
