import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, it, onTestFinished, vi } from 'vitest'
import { connect } from '../../src/index.js'
import { qemu } from '../../src/qemu.js'
import { FakeHost } from '../fakes/managed-host.js'
import { qemuHardware } from '../fakes/qemu-hardware.js'
import { needs } from '../needs.js'
import { type LinuxGuest, startLinux } from './linux-guest.js'
import { qmp } from './qmp.js'

vi.setConfig({ testTimeout: 900_000 })
const card = { kind: 'pci', managed: true, source: { address: { domain: 0, bus: 2, slot: 0, function: 0 } } } as const
const ports = ['-device', 'pcie-root-port,id=rp1,chassis=1,slot=1']
const ways = {
  ACPI: [],
  'PCI Express': ['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off'],
}

/** A Linux in a QEMU, and a played host with a card that the guest has once the answer comes. */
async function handOver(words: string, options: readonly string[]) {
  const linux: LinuxGuest = await startLinux(words, [...ports, ...options])
  onTestFinished(async () => await linux[Symbol.asyncDispose]())
  const host = new FakeHost()
  const hardware = await qemuHardware(() => linux.path, { 'vfio-pci': 'e1000e' })
  const stateFolder = mkdtempSync(join(tmpdir(), 'hostdev-unplug-'))
  const { files, kernel: writes } = host
  const conn = await connect(
    qemu({ monitors: { web: hardware.path }, files, writes, run: writes.run, stateFolder, settle: 20 }),
  )
  onTestFinished(async () => {
    await conn.close()
    await hardware[Symbol.asyncDispose]()
    host[Symbol.dispose]()
    rmSync(stateFolder, { recursive: true })
  })
  const before = host.drivers()
  const guest = await conn.lookupDomain('web')
  const attached = await guest.attachHostdev(card)
  expect(attached).toMatchObject({ alias: 'hostdev0', address: { kind: 'pci', bus: 1, slot: 0, function: 0 } })
  expect(host.drivers()).not.toEqual(before)
  const journals = () => readdirSync(stateFolder).filter((name) => name.startsWith('journal-'))
  return { linux, host, conn, guest, attached, before, journals }
}

// The kernel is the lab's, and the guest runs beside it: inside, where all is emulated, it takes minutes to boot.
needs(inject('absentMachine')).describe('a PCI card that a QEMU guest with a running Linux is asked for', () => {
  it.each(Object.entries(ways))(
    'is let go of by its driver and then by the guest, by way of %s',
    async (_, options) => {
      const { linux, host, guest, before, journals } = await handOver('', options)
      await linux.says('added driver 0000:01:00.0 e1000e')
      await guest.detachHostdev(card, { timeout: 300_000 })
      expect([await guest.hostdevs(), host.drivers(), journals()]).toEqual([[], before, []])
      await linux.says('removed driver 0000:01:00.0 e1000e')
      const [id, name] = ['pci 0000:01:00.0 0x8086:0x10d3', 'driver 0000:01:00.0 e1000e']
      expect(linux.saidOf('0000:01:00.0')).toEqual([`added ${id}`, `added ${name}`, `removed ${id}`, `removed ${name}`])
    },
  )

  it('stays with a guest that does not answer, and comes back when that has let go late', async () => {
    const { linux, host, conn, guest, attached, before, journals } = await handOver('acpi=off', [])
    await expect(guest.detachHostdev(card, { timeout: 5000 })).rejects.toThrow(
      expect.objectContaining({
        code: 'timeout',
        message: expect.stringMatching(/^the guest web has not within 5000 ms let go of PCI device 0000:02:00.0/),
      }),
    )
    expect([await guest.hostdevs(), await conn.recover(), await guest.hostdevs()]).toEqual([[attached], [], [attached]])
    expect(host.drivers()).not.toEqual(before)
    // a machine that starts anew lets go of what it was asked for
    await qmp(linux.path, 'system_reset')
    await expect.poll(() => guest.hostdevs(), { timeout: 300_000 }).toEqual([])
    expect(host.drivers()).not.toEqual(before)
    expect(await conn.recover()).toMatchObject([{ devices: ['pci_0000_02_00_0'], result: 'finished' }])
    expect([host.drivers(), journals()]).toEqual([before, []])
  })
})
