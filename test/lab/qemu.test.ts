import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { bundle } from '../../scripts/bundle.mjs'
import { needs } from '../needs.js'
import { machine } from './boot.js'
import type { QemuGroups } from './qemu-groups.js'
import type { QemuHandOver } from './qemu-hand-over.js'
import type { QemuKinds } from './qemu-kinds.js'

const lab = machine('lab')
/** A QEMU inside a QEMU without KVM, on a machine that may be busy. */
const patient = { timeout: 3_000_000 }

needs(inject('absentMachine')).describe('devices handed over to QEMU guests of the lab', () => {
  let seen: QemuHandOver

  beforeAll(async () => {
    const { url } = await bundle('test/lab/qemu-hand-over.ts', '.cache/qemu-hand-over.mjs')
    lab.put(fileURLToPath(url), 'qemu-hand-over.mjs')
    await lab.run('lab-libvirtd && lab-clean', patient)
    seen = JSON.parse(await lab.run('node /lab/qemu-hand-over.mjs', patient))
  }, 3_600_000)

  it('come, are listed, come once only, go, and leave the host as it was', () => {
    expect(seen.rounds.map(({ what }) => what)).toHaveLength(9)
    for (const { what, attached, listed, again, detached, changed } of seen.rounds) {
      const own = { listed, again, detached, changed }
      expect({ what, ...own }).toEqual({ what, listed: [attached], again: attached, detached: 'done', changed: [] })
    }
  })

  it('are refused with what would help before QEMU is asked', () => {
    expect(seen.wrong).toEqual({
      absentPci: expect.stringMatching(/^device-missing: PCI device 0000:7f:00.0 is not on this host/),
      notDetached: expect.stringMatching(/^operation-invalid: .* host's driver e1000e; detach it first/),
      group: expect.stringMatching(/^operation-invalid: .* pci_0000_01_00_1 \(e1000e\).*; detach the whole group/),
      bridge: expect.stringMatching(/^operation-invalid: .* is a bridge/),
      rootBus: expect.stringMatching(/^operation-failed: .* pcie.0 takes none while it runs; .*pcie-root-port/),
      absentUsb: expect.stringMatching(/^device-missing: USB device 4:99/),
      absentIds: expect.stringMatching(/^device-missing: USB device dead:beef/),
      twins: expect.stringMatching(/^ambiguous: .* means 2 devices: usb_5_3 .*, usb_5_4/),
      rootHub: expect.stringMatching(/^operation-invalid: .* is a hub/),
      absentMdev: expect.stringMatching(/^device-missing: mediated device/),
      changed: [],
    })
  })

  it('belong to one guest at a time, and are given all or none', () => {
    const inUse = expect.stringMatching(/^operation-invalid: .* is in use by driver QEMU, domain one/)
    expect(seen.shared).toEqual({ pci: inUse, usb: inUse, detach: inUse, rollback: inUse, left: [] })
    expect(seen.group.both).toHaveLength(2)
    expect([seen.group.other, seen.group.taken]).toEqual([inUse, 'done'])
  })

  it('are not let go of by a guest that is stopped, which is said', () => {
    expect(seen.stopped).toMatch(/^operation-invalid: the guest acpi is stopped and cannot let go of PCI device/)
  })

  it('come back from guests that were killed', () => {
    const finished = (name: string) => expect.objectContaining({ devices: [name], result: 'finished' })
    expect(seen.killed).toEqual({
      recovered: [finished('pci_0000_02_00_0'), finished('usb_4_7_3'), finished('usb_5_3')],
      changed: [],
    })
  })

  it('can be unplugged from the host while a guest has them', () => {
    expect(seen.replugged).toEqual({ listed: 1, detached: 'done', left: [], changed: [] })
  })

  it('are described as libvirt describes them', () => {
    expect(seen.xml).toEqual(seen.theirs)
  })

  it("are left alone when libvirt's guests have them, and so are those guests", () => {
    expect(seen.libvirt).toEqual({
      device: expect.stringMatching(/^operation-invalid: .* is in use by driver QEMU, domain theirs/),
      guest: expect.stringMatching(/^operation-invalid: .* belongs to the libvirtd of this host.*qemu:\/\/\/system/),
    })
    expect(seen.changed).toEqual([])
  })
})

/** Runs a script of this folder in the lab, and answers what it prints. */
async function play(script: string): Promise<string> {
  const { url } = await bundle(`test/lab/${script}.ts`, `.cache/${script}.mjs`)
  lab.put(fileURLToPath(url), `${script}.mjs`)
  return await lab.run(`lab-clean; node /lab/${script}.mjs`, patient)
}

needs(inject('absentMachine')).describe('what is made first and handed over to QEMU guests of the lab', () => {
  let seen: QemuKinds

  beforeAll(async () => {
    seen = JSON.parse(await play('qemu-kinds'))
  }, 3_600_000)
  afterAll(async () => {
    await lab.run('lab-clean', patient)
  }, 3_600_000)

  it.each(['a virtual function', 'a target for guests', 'an iSCSI target'])('comes and goes as %s', (what) => {
    const round = seen.rounds.find((each) => each.what === what)
    expect(round).toEqual({
      what,
      attached: expect.objectContaining({ alias: 'hostdev0' }),
      listed: [round?.attached],
      again: round?.attached,
      detached: 'done',
      changed: [],
    })
  })

  it('leaves the host as it was', () => {
    expect(seen.changed).toEqual([])
  })
})

needs(inject('absentMachine')).describe('PCI cards given together to a QEMU guest of the lab', () => {
  let seen: QemuGroups

  beforeAll(async () => {
    seen = JSON.parse(await play('qemu-groups'))
  }, 3_600_000)

  const at = (bus: number, fn: number, more = {}) =>
    expect.objectContaining({ kind: 'pci', address: { kind: 'pci', domain: 0, bus, slot: 0, function: fn, ...more } })

  it('come and go from behind a bridge, where they share a group: both or none', () => {
    expect(seen.bridge).toEqual({
      alone: expect.stringMatching(/^operation-invalid: .* pci_0000_04_02_0 \(e1000\).*; detach the whole group/),
      attached: [at(1, 0), at(2, 0)],
      listed: seen.bridge.attached,
      detached: 'done',
      left: [],
      changed: [],
    })
  })

  it('come and go as functions of one card, in one slot of the guest', () => {
    expect(seen.card).toEqual({
      alone: expect.stringMatching(/^operation-invalid: .* pci_0000_01_00_1 \(e1000e\).*; detach the whole group/),
      attached: [at(1, 1), at(1, 0, { multifunction: true })],
      listed: seen.card.attached,
      detached: 'done',
      left: [],
      changed: [],
    })
  })
})
