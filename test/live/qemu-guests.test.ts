import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect } from '../../src/index.js'
import { qemu } from '../../src/qemu.js'
import { domainContract } from '../contract/domains.js'
import { FakeHost } from '../fakes/managed-host.js'
import { qemuHardware } from '../fakes/qemu-hardware.js'
import type { RawServer } from '../fakes/raw-server.js'
import { needs } from '../needs.js'
import { absentQemu, type LiveQemu, startQemu } from './qemu.js'

/** Ports for what comes; without ACPI in between QEMU unplugs from a guest that has no system. */
const machine = [
  ...['-name', 'web', '-uuid', '83b8f4f2-509f-382f-3c1e-e6bfe0fa2001'],
  ...['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off'],
  ...['-device', 'pcie-root-port,id=rp1,chassis=1,slot=1', '-device', 'pcie-root-port,id=rp2,chassis=2,slot=2'],
]
const nic = { kind: 'pci', managed: true, source: { address: { domain: 0, bus: 2, slot: 0, function: 0 } } } as const
const modem = { kind: 'usb', managed: false, source: { address: { bus: 1, device: 5 } } } as const

needs(absentQemu).describe('guests of a real QEMU', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-qemu-'))
  let host: FakeHost
  let web: LiveQemu
  let hardware: RawServer
  beforeAll(async () => {
    host = new FakeHost()
    web = await startQemu(machine)
    hardware = await qemuHardware(() => web.path)
  })
  afterAll(async () => {
    await hardware[Symbol.asyncDispose]()
    await web[Symbol.asyncDispose]()
    host[Symbol.dispose]()
    rmSync(folder, { recursive: true })
  })

  const open = () =>
    qemu({
      monitors: { web: hardware.path, off: join(folder, 'nobody') },
      files: host.files,
      writes: host.kernel,
      run: host.kernel.run,
      stateFolder: join(folder, 'state'),
      settle: 20,
    })

  domainContract('qemu', {
    open,
    running: 'web',
    stopped: 'off',
    devices: [nic, modem],
    name: 'pci_0000_02_00_0',
    absent: {
      def: { kind: 'usb', managed: false, source: { address: { bus: 9, device: 99 } } },
      code: 'device-missing',
    },
    async restart() {
      const before = web
      web = await startQemu(machine)
      await before[Symbol.asyncDispose]()
    },
    lacks: {
      config: 'nothing is stored of a guest that somebody else starts',
      controllers: 'controllers are on the command line',
    },
  })

  it('lose nothing when devices go while others are looked for', async () => {
    await using conn = await connect(open())
    const guest = await conn.lookupDomain('web')
    for (let round = 0; round < 5; round++) {
      await guest.attachHostdevs([nic, modem])
      await guest.detachHostdevs([nic, modem])
    }
    expect(await guest.hostdevs()).toEqual([])
  })

  it('leave the root bus alone, fill their ports in order, and say when none is free', async () => {
    await using conn = await connect(open())
    const guest = await conn.lookupDomain('web')
    const at = async (bus: number, device: number) =>
      (await guest.attachHostdev({
        kind: 'usb',
        managed: false,
        source: { address: { bus, device } },
      })) as typeof modem & {
        address: object
      }
    expect((await at(1, 5)).address).toEqual({ kind: 'usb', bus: 0, port: '1' })
    expect((await at(1, 6)).address).toEqual({ kind: 'usb', bus: 0, port: '2' })
    const root = { ...nic, address: { kind: 'pci', domain: 0, bus: 0, slot: 9, function: 0 } } as const
    await expect(guest.attachHostdev(root)).rejects.toThrow(/its bus pcie.0 takes none while it runs/)
    await guest.detachHostdevs([{ alias: 'hostdev0' }, { alias: 'hostdev1' }])
    expect(await guest.hostdevs()).toEqual([])
  })

  it('that are killed have nothing any more, and the host has its driver back', async () => {
    await using conn = await connect(open())
    const before = host.drivers()
    await (await conn.lookupDomain('web')).attachHostdev(nic)
    web.process.kill('SIGKILL')
    await expect.poll(async () => (await conn.lookupDomain('web')).state()).toBe('shutoff')
    expect(await conn.recover()).toMatchObject([{ devices: ['pci_0000_02_00_0'], result: 'finished' }])
    expect(host.drivers()).toEqual(before)
  })
})
