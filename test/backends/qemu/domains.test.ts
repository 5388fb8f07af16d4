import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Connection, connect, type Domain, type HostdevDef } from '../../../src/index.js'
import { createMdev } from '../../../src/manager/virtual/mdev.js'
import { qemu } from '../../../src/qemu.js'
import { usb, usbRoot } from '../../data/passthrough-tree.js'
import { virtualTree } from '../../data/virtual-tree.js'
import { FakeHost } from '../../fakes/managed-host.js'
import { FakeQemu, type QemuParts } from '../../fakes/qemu-machine.js'

const nic = '0000:02:00.0'
const nicDef = { kind: 'pci', managed: true, source: { address: { domain: 0, bus: 2, slot: 0, function: 0 } } } as const
const modem = { kind: 'usb', managed: false, source: { vendor: 0x1cbe, product: 2 } } as const

const twin = usb(`${usbRoot}/1-3`, { busnum: '1\n', devnum: '9\n', idVendor: '046d\n', idProduct: 'c31c\n' }, [
  { class: 'ff' },
])

let host: FakeHost
let machine: FakeQemu
let conn: Connection
let guest: Domain
let folder: string

async function start(parts: QemuParts = {}): Promise<void> {
  machine = await FakeQemu.start({ name: 'web', ...parts })
  conn = await connect(backendOf({ web: machine.path }))
  guest = await conn.lookupDomain('web')
}

const backendOf = (monitors: Record<string, string>) =>
  qemu({
    monitors,
    files: host.files,
    writes: host.kernel,
    run: host.kernel.run,
    stateFolder: join(folder, 'state'),
    settle: 20,
  })

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hostdev-qemu-'))
  host = new FakeHost([...twin, ['/dev/bus/usb/001/009', { kind: 'char' }]])
  await start()
})
afterEach(async () => {
  await conn.close()
  await machine[Symbol.asyncDispose]()
  host[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

describe('a QEMU guest', () => {
  it('has the name and the UUID that QEMU says', async () => {
    const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa2001'
    await using other = await FakeQemu.start({ name: 'mail', uuid, status: 'prelaunch' })
    const both = await connect(backendOf({ 'vm-1': other.path, gone: join(folder, 'nobody') }))
    expect((await both.listDomains()).map(({ name }) => name)).toEqual(['gone', 'mail'])
    expect(await (await both.lookupDomain(uuid)).info()).toEqual({ name: 'mail', uuid, state: 'paused' })
    expect((await both.lookupDomain('vm-1')).name).toBe('mail')
    expect(await (await both.lookupDomain('gone')).state()).toBe('shutoff')
  })

  it('is given a unit of an iSCSI target, which QEMU reaches itself, and what was made for it goes with it', async () => {
    const unit: HostdevDef = {
      kind: 'scsi',
      managed: false,
      source: { kind: 'iscsi', name: 'iqn.2026-11.org.example:lab/1', hosts: [{ name: '10.0.0.1', port: 3260 }] },
    }
    for (let round = 0; round < 2; round++) {
      const attached = await guest.attachHostdev(unit)
      const address = { kind: 'drive', controller: 0, bus: 0, target: 0, unit: 0 }
      expect(attached).toEqual({ ...unit, alias: 'hostdev0', address })
      expect(await guest.hostdevs()).toEqual([attached])
      expect(await guest.attachHostdev(unit)).toEqual(attached)
      await guest.detachHostdev(unit)
      expect(await guest.hostdevs()).toEqual([])
    }
  })

  it('is given a USB device by its ids, pinned to the one that is there', async () => {
    const attached = await guest.attachHostdev(modem)
    expect(attached).toEqual({
      ...modem,
      source: { ...modem.source, address: { bus: 1, device: 5 } },
      alias: 'hostdev0',
      address: { kind: 'usb', bus: 0, port: '1' },
    })
    expect(machine.devices.get('hostdev0')?.props).toEqual({ hostdevice: '/dev/bus/usb/001/005', port: '1' })
    expect(await guest.hostdevs()).toEqual([attached])
    expect(await guest.attachHostdev(modem)).toEqual(attached)
    await guest.detachHostdev(modem)
    expect(await guest.hostdevs()).toEqual([])
  })

  it('is given a PCI device that is taken from its driver, and given back to it', async () => {
    const before = host.drivers()
    const attached = await guest.attachHostdev(nicDef)
    expect(attached).toEqual({
      ...nicDef,
      driver: { name: 'vfio' },
      alias: 'hostdev0',
      address: { kind: 'pci', domain: 0, bus: 1, slot: 0, function: 0 },
    })
    expect(host.kernel.driverOf('pci', nic)).toBe('vfio-pci')
    expect(machine.devices.get('hostdev0')).toMatchObject({ type: 'vfio-pci', bus: 'rp1', props: { host: nic } })
    await guest.detachHostdev({ alias: 'hostdev0' })
    expect(host.drivers()).toEqual(before)
  })

  it('takes devices back by where it sees them, and by what they are on the host', async () => {
    const [first, second] = await guest.attachHostdevs([modem, nicDef])
    await guest.detachHostdev({
      address: second && 'address' in second ? (second.address ?? { kind: 'pci' }) : { kind: 'pci' },
    })
    expect(await guest.hostdevs()).toEqual([first])
    await guest.detachHostdev({ port: '1-1' })
    expect(await guest.hostdevs()).toEqual([])
  })

  describe('with a mediated device', () => {
    const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'
    const mdev = { kind: 'mdev', managed: false, model: 'vfio-pci', source: { uuid } } as const

    it('is given it as no display, unless it is to be one', async () => {
      for (const [path, file] of virtualTree) host.files.set(path, file)
      const def = {
        name: 'new device',
        parent: 'mtty_mtty',
        capabilities: [{ ...mdev.source, kind: 'mdev' as const, type: 'mtty-1' }],
      }
      await createMdev(host.managed, def, await host.def('mtty_mtty'), {})

      const attached = await guest.attachHostdev(mdev)
      expect(attached).toMatchObject({ ...mdev, alias: 'hostdev0', display: false })
      expect(await guest.attachHostdev(mdev)).toEqual(attached)
      expect(await guest.hostdevs()).toEqual([attached])
      await guest.detachHostdev(mdev)
      expect(await guest.attachHostdev({ ...mdev, display: true })).toMatchObject({ display: true })
    })

    it('that somebody else has added says whether it is a display', async () => {
      const props = { sysfsdev: `/sys/bus/mdev/devices/${uuid}`, addr: 0, display: 'off' }
      machine.devices.set('mine', { type: 'vfio-pci', bus: 'rp2', props })
      const address = { kind: 'pci', domain: 0, bus: 2, slot: 0, function: 0 }
      expect(await guest.hostdevs()).toEqual([{ ...mdev, alias: 'mine', display: false, address }])
    })
  })

  it('shows devices that somebody else has added', async () => {
    machine.devices.set('mine', { type: 'usb-host', bus: 'usb.0', props: { hostbus: 1, hostaddr: 6, port: '2' } })
    machine.devices.set('card', { type: 'vfio-pci', bus: 'rp2', props: { host: '0000:02:00.0', addr: 0 } })
    expect(await guest.hostdevs()).toEqual([
      {
        kind: 'pci',
        managed: false,
        source: { address: { domain: 0, bus: 2, slot: 0, function: 0 } },
        alias: 'card',
        address: { kind: 'pci', domain: 0, bus: 2, slot: 0, function: 0 },
      },
      {
        kind: 'usb',
        managed: false,
        source: { address: { bus: 1, device: 6 } },
        alias: 'mine',
        address: { kind: 'usb', bus: 0, port: '2' },
      },
    ])
    await guest.detachHostdev({ alias: 'mine' })
    expect(machine.devices.has('mine')).toBe(false)
  })
})

describe('giving a QEMU guest', () => {
  it.each([
    [
      'a PCI device that is not there',
      { ...nicDef, source: { address: { domain: 0, bus: 0x7f, slot: 0, function: 0 } } },
      'device-missing',
      /not on this host/,
    ],
    [
      'one that is not managed and bound',
      { ...nicDef, managed: false },
      'operation-invalid',
      /host's driver e1000e; detach it first/,
    ],
    [
      'one whose group the host uses',
      { ...nicDef, source: { address: { domain: 0, bus: 1, slot: 0, function: 0 } } },
      'operation-invalid',
      /IOMMU group 25.*detach the whole group/,
    ],
    [
      'a bridge',
      { ...nicDef, source: { address: { domain: 0, bus: 0, slot: 0x1c, function: 0 } } },
      'operation-invalid',
      /is a bridge/,
    ],
    [
      'a USB device that is not there',
      { kind: 'usb', managed: false, source: { vendor: 0xdead, product: 1 } },
      'device-missing',
      /dead:0001 is not on this host/,
    ],
    [
      'a USB hub',
      { kind: 'usb', managed: false, source: { address: { bus: 1, device: 1 } } },
      'operation-invalid',
      /is a hub; give away what is plugged into it/,
    ],
    [
      'one of two twins',
      { kind: 'usb', managed: false, source: { vendor: 0x046d, product: 0xc31c } },
      'ambiguous',
      /2 devices: .*usb_1_2.*usb_1_3/,
    ],
    [
      'an address on the root bus',
      { ...nicDef, address: { kind: 'pci', domain: 0, bus: 0, slot: 5, function: 0 } },
      'operation-failed',
      /pcie.0 takes none while it runs; .*pcie-root-port/,
    ],
    [
      'a mediated device that is not there',
      { kind: 'mdev', managed: false, model: 'vfio-pci', source: { uuid: '83b8f4f2-509f-382f-3c1e-e6bfe0fa2001' } },
      'device-missing',
      /83b8f4f2/,
    ],
  ] as const)('%s is refused before QEMU is asked', async (_, def, code, message) => {
    const before = host.drivers()
    await expect(guest.attachHostdev(def as never)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
    expect([machine.log, host.drivers()]).toEqual([[], before])
  })

  it('what another guest has is refused, though QEMU would take it', async () => {
    await using other = await FakeQemu.start({ name: 'mail' })
    const both = await connect(backendOf({ web: machine.path, mail: other.path }))
    await (await both.lookupDomain('web')).attachHostdev(modem)
    await expect((await both.lookupDomain('mail')).attachHostdev(modem)).rejects.toMatchObject({
      code: 'operation-invalid',
      message: 'usb_1_1 is in use by driver QEMU, domain web; detach it there first',
    })
  })

  it('what QEMU refuses leaves the host as it was', async () => {
    const before = host.drivers()
    machine.refuses = 'vfio 0000:02:00.0: failed to open /dev/vfio/26: Device or resource busy'
    await expect(guest.attachHostdev(nicDef)).rejects.toMatchObject({
      code: 'operation-failed',
      message: /resource busy/,
    })
    expect([host.drivers(), await guest.hostdevs()]).toEqual([before, []])
  })

  it('more than it has ports for is refused', async () => {
    await conn.close()
    await machine[Symbol.asyncDispose]()
    await start({ rootPorts: 0, usbPorts: 1 })
    await guest.attachHostdev(modem)
    await expect(guest.attachHostdev({ ...modem, source: { address: { bus: 1, device: 6 } } })).rejects.toThrow(
      /all its USB ports are in use; start it with another -device qemu-xhci/,
    )
    await expect(guest.attachHostdev(nicDef)).rejects.toThrow(
      /no place in the guest web: its bus pcie.0 takes none while it runs/,
    )
  })

  it('what is stored is not possible, and says what is', async () => {
    await expect(guest.attachHostdev(modem, { config: true })).rejects.toMatchObject({
      code: 'operation-unsupported',
      message: /no stored configuration/,
    })
  })
})

describe('taking a device from a QEMU guest', () => {
  it('that refuses says so, and the guest keeps it', async () => {
    await guest.attachHostdev(nicDef)
    machine.unplug = 'refuses'
    await expect(guest.detachHostdev(nicDef)).rejects.toMatchObject({
      code: 'operation-failed',
      message: /refuses to let go of PCI device 0000:02:00.0/,
    })
    expect(await guest.hostdevs()).toHaveLength(1)
    expect(host.kernel.driverOf('pci', nic)).toBe('vfio-pci')
  })

  it('that does not answer is a timeout; what it lets go of later is given back by the next call', async () => {
    const before = host.drivers()
    await guest.attachHostdev(nicDef)
    machine.unplug = 'never'
    await expect(guest.detachHostdev(nicDef, { timeout: 50 })).rejects.toMatchObject({ code: 'timeout' })
    machine.letGo('hostdev0')
    await guest.detachHostdev(nicDef)
    expect(host.drivers()).toEqual(before)
  })

  describe('whose driver does not take it back', () => {
    let before: Record<string, string>
    beforeEach(async () => {
      before = host.drivers()
      await guest.attachHostdevs([nicDef, { ...modem, managed: true }])
      host.kernel.unwilling.add('e1000e')
    })
    const kept = /without the driver e1000e.*; the guest web has let go of it, .*: recover it when that is mended$/

    it('says so, and keeps it held for guests and not without a driver', async () => {
      await expect(guest.detachHostdev(nicDef)).rejects.toMatchObject({
        code: 'operation-failed',
        message: kept,
        details: { device: 'pci_0000_02_00_0', domain: 'web' },
      })
      expect(await guest.hostdevs()).toMatchObject([{ kind: 'usb' }])
      expect(host.kernel.driverOf('pci', nic)).toBe('vfio-pci')
    })

    it('is given back by the next call when that is mended', async () => {
      await expect(guest.detachHostdev(nicDef)).rejects.toThrow(kept)
      await expect(guest.detachHostdev(nicDef)).rejects.toThrow(kept)
      host.kernel.unwilling.clear()
      await guest.detachHostdev(nicDef)
      await guest.detachHostdev(modem)
      expect(host.drivers()).toEqual(before)
    })

    it('is given back by a recovery, of which a failing device keeps no other', async () => {
      await machine[Symbol.asyncDispose]()
      expect(await conn.recover()).toMatchObject([
        { devices: ['pci_0000_02_00_0'], result: 'failed', reason: /without the driver e1000e/ },
        { devices: ['usb_1_1'], result: 'finished' },
      ])
      host.kernel.unwilling.clear()
      expect(await conn.recover()).toMatchObject([{ devices: ['pci_0000_02_00_0'], result: 'finished' }])
      expect(host.drivers()).toEqual(before)
      expect(await conn.recover()).toEqual([])
    })
  })

  it('that is stopped says that it is', async () => {
    await guest.attachHostdev(nicDef)
    machine.unplug = 'never'
    machine.status = 'paused'
    await expect(guest.detachHostdev(nicDef, { timeout: 50 })).rejects.toMatchObject({
      code: 'operation-invalid',
      message: /is stopped and cannot let go/,
    })
  })

  it('that is gone gives it back when the host is recovered', async () => {
    const before = host.drivers()
    await guest.attachHostdevs([nicDef, { ...modem, managed: true }])
    await machine[Symbol.asyncDispose]()
    expect(host.drivers()).not.toEqual(before)
    expect(await conn.recover()).toMatchObject([
      { verb: 'unplug', devices: ['pci_0000_02_00_0'], result: 'finished' },
      { verb: 'unplug', devices: ['usb_1_1'], result: 'finished' },
    ])
    expect(host.drivers()).toEqual(before)
    expect(await conn.recover()).toEqual([])
  })
})

describe('a guest of libvirt', () => {
  it('is seen and not changed', async () => {
    const chardevs = [
      { label: 'charmonitor', filename: 'unix:/var/lib/libvirt/qemu/domain-1-g/monitor.sock,server=on' },
    ]
    await using theirs = await FakeQemu.start({ name: 'g', chardevs })
    const both = await connect(backendOf({ g: theirs.path }))
    const g = await both.lookupDomain('g')
    expect(await g.hostdevs()).toEqual([])
    await expect(g.attachHostdev(modem)).rejects.toMatchObject({
      code: 'operation-invalid',
      message: /belongs to the libvirtd of this host.*qemu:\/\/\/system/,
    })
  })
})

describe('events of QEMU guests', () => {
  it('tell of devices that come and go, and of guests that end', async () => {
    await using watch = await conn.watchDomains()
    await guest.attachHostdev(modem)
    await guest.detachHostdev(modem)
    await machine[Symbol.asyncDispose]()
    const seen: unknown[] = []
    for await (const event of watch) {
      seen.push(event)
      if (event.kind === 'stopped') break
    }
    expect(seen).toEqual([
      { kind: 'device-added', domain: 'web', alias: 'hostdev0' },
      { kind: 'device-removed', domain: 'web', alias: 'hostdev0' },
      { kind: 'stopped', domain: 'web' },
    ])
  })
})
