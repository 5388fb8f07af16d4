import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Connection, connect, type Domain, type HostdevDef } from '../../src/index.js'
import { libvirt } from '../../src/libvirt.js'
import { capabilityFlags } from '../../src/model/node-device-flags.js'
import { abilityContract } from '../contract/abilities.js'
import { deviceChangeContract } from '../contract/device-changes.js'
import { domainContract } from '../contract/domains.js'
import { nodeDeviceContract } from '../contract/node-devices.js'
import { testDriverHost } from '../contract/test-driver-host.js'
import { needs } from '../needs.js'

const { libvirtd, udevd } = inject('absent')
const uri = 'qemu:///system'
const virsh = (...args: string[]) => execFileSync('virsh', ['--quiet', '--connect', uri, ...args], { encoding: 'utf8' })
const usb = (product: number): HostdevDef => ({ kind: 'usb', source: { vendor: 0x0483, product } })
const lines = (text: string) => text.split('\n').filter((line) => line !== '')

needs(libvirtd).describe('a real libvirtd', () => {
  let conn: Connection
  beforeAll(async () => {
    conn = await connect(uri)
  })
  afterAll(() => conn.close())

  nodeDeviceContract('test:///default', { open: (options) => connect('test:///default', options) })
  nodeDeviceContract(uri, { open: (options) => connect(uri, options) })
  abilityContract('test:///default', { open: () => libvirt({ uri: 'test:///default' }) })
  deviceChangeContract('test:///default', testDriverHost('test:///default'))

  it('makes a virtual Fibre Channel host and takes it away', async () => {
    await using other = await connect('test:///default')
    const device = await other.createNodeDevice(`<device>
  <parent>scsi_host1</parent>
  <capability type='scsi_host'>
    <capability type='fc_host'><wwnn>2000000066666666</wwnn><wwpn>1000000066666666</wwpn></capability>
  </capability>
</device>`)
    expect((await other.lookupNodeDeviceScsiHostByWwn('2000000066666666', '1000000066666666')).name).toBe(device.name)
    await device.destroy()
    await expect(device.def()).rejects.toMatchObject({ code: 'no-node-device' })
  })

  it('has a guest shut down', async () => {
    await using other = await connect('test:///default')
    const guest = await other.lookupDomain('test')
    await guest.shutdown()
    // it runs again when the last connection to the test driver has ended
    expect(await guest.state()).toBe('shutoff')
    await expect(guest.shutdown()).rejects.toThrow(/not running/)
  })

  it('is what libvirt: means', async () => {
    await using other = await connect('libvirt:')
    expect(other.uri).toBe(virsh('uri').trim())
  })

  it('lists what virsh lists, of each capability', async () => {
    const listed = async (capability?: string) =>
      (await conn.listNodeDevices(capability === undefined ? {} : { capability })).map(({ name }) => name)
    expect(await listed()).toEqual(lines(virsh('nodedev-list')).sort())
    for (const word of Object.keys(capabilityFlags).filter((one) => !one.startsWith('ccwgroup')))
      expect(await listed(word), word).toEqual(lines(virsh('nodedev-list', '--cap', word)).sort())
  })

  it('describes every device as virsh does, byte for byte', async () => {
    // But that libvirt writes an element that is empty in two lines.
    const comparable = (xml: string) => xml.replace(/<firmware>\s*<\/firmware>/, '<firmware/>').trimEnd()
    for (const device of await conn.listNodeDevices())
      expect(await device.xml({ compat: true })).toBe(`${comparable(virsh('nodedev-dumpxml', device.name))}\n`)
  })

  it('says of every device what virsh says of it', async () => {
    const yes = (answer: boolean) => (answer ? 'yes' : 'no')
    for (const device of await conn.listNodeDevices()) {
      const info = new Map(
        lines(virsh('nodedev-info', device.name)).map((line) => line.split(/:\s*/) as [string, string]),
      )
      expect([device.name, await device.parent()]).toEqual([info.get('Name'), info.get('Parent') || undefined])
      expect(yes(await device.isActive())).toBe(info.get('Active'))
      expect(yes(await device.isPersistent())).toBe(info.get('Persistent'))
      expect(yes(await device.autostart())).toBe(info.get('Autostart'))
    }
  })

  it('refuses what it refuses virsh, in the same words', async () => {
    const device = await conn.lookupNodeDevice('computer')
    const changes: [string, () => Promise<unknown>][] = [
      ['nodedev-detach', () => device.detach()],
      ['nodedev-reattach', () => device.reattach()],
      ['nodedev-reset', () => device.reset()],
      ['nodedev-destroy', () => device.destroy()],
      ['nodedev-undefine', () => device.undefine()],
      ['nodedev-start', () => device.start()],
      ['nodedev-autostart', () => device.setAutostart(true)],
    ]
    for (const [command, change] of changes) {
      const error = await change().catch((reason: Error) => reason)
      expect(wordsOf(command), command).toContain(error instanceof Error ? error.message : 'it did not refuse')
    }
  })

  it('refuses every change on its read-only socket', async () => {
    await using reader = await connect(uri, { readOnly: true })
    const device = await reader.lookupNodeDevice('computer')
    await expect(device.detach()).rejects.toMatchObject({ number: 29 })
  })

  needs(udevd).it('tells of the devices that virsh tells of', async () => {
    const listener = spawn('virsh', ['--connect', uri, 'nodedev-event', '--event', 'lifecycle', '--loop'])
    let heard = ''
    listener.stdout.on('data', (chunk) => {
      heard += chunk
    })
    await using watch = await conn.watchNodeDevices({ capability: 'net' })
    await sleep(1000)
    execFileSync('ip', ['link', 'add', 'hostdevlive0', 'type', 'veth', 'peer', 'name', 'hostdevlive1'])
    const seen: string[] = []
    for await (const { kind, device } of watch) {
      if (!device.startsWith('net_hostdevlive0') || kind === 'updated') continue
      seen.push(`${device}: ${kind}`)
      if (kind === 'created') execFileSync('ip', ['link', 'delete', 'hostdevlive0'])
      if (kind === 'deleted') break
    }
    await sleep(500)
    listener.kill()
    await once(listener, 'exit')
    const told = lines(heard).filter((line) => line.includes('net_hostdevlive0'))
    const words = told.map((line) => line.replace("event 'lifecycle' for node device ", '').toLowerCase())
    expect(seen).toEqual(words)
  })

  describe('and a guest of its', () => {
    const name = 'hostdev-live-guest'
    const xml = `<domain type='qemu'>
  <name>${name}</name>
  <memory>65536</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices><controller type='usb' model='qemu-xhci'/></devices>
</domain>`
    const dongle = `<hostdev mode='subsystem' type='usb' managed='no'>
  <source>
    <vendor id='0x0483'/>
    <product id='0x2016'/>
  </source>
</hostdev>
`
    const folder = mkdtempSync(join(tmpdir(), 'hostdev-live-'))
    const file = (text: string) => {
      writeFileSync(join(folder, 'document.xml'), text)
      return join(folder, 'document.xml')
    }
    let guest: Domain

    beforeAll(async () => {
      virsh('define', file(xml))
      guest = await conn.lookupDomain(name)
    })
    afterAll(() => {
      virsh('undefine', name)
      rmSync(folder, { recursive: true })
    })

    domainContract(uri, {
      open: () => libvirt({ uri }),
      stopped: name,
      devices: [usb(0x2016), usb(0x2017)],
      absent: { def: usb(0x2018), code: 'internal' },
      lacks: {
        live: 'this machine has no device to give to a guest that runs; the lab has',
        lifecycle: 'no guest runs here',
      },
    })

    it('finds it by name and by UUID', async () => {
      const uuid = virsh('domuuid', name).trim()
      expect(await guest.info()).toEqual({ name, uuid, state: 'shutoff' })
      expect((await conn.lookupDomain(uuid)).name).toBe(name)
      expect((await conn.listDomains()).map((each) => each.name)).toContain(name)
    })

    it('gives it a device in its stored configuration, as virsh would, and takes it back', async () => {
      const attached = await guest.attachHostdev(dongle, { config: true })
      const byUs = virsh('dumpxml', '--inactive', name)
      expect(await guest.hostdevs({ config: true })).toEqual([attached])
      expect(await guest.attachHostdev(dongle, { config: true })).toEqual(attached)
      await guest.detachHostdev(dongle, { config: true })
      expect(await guest.hostdevs({ config: true })).toEqual([])

      virsh('attach-device', '--config', name, file(dongle))
      expect(byUs).toBe(virsh('dumpxml', '--inactive', name))
      virsh('detach-device', '--config', name, file(dongle))
    })

    it('shows its USB controllers', async () => {
      expect(await guest.controllers()).toMatchObject([{ index: 0, model: 'qemu-xhci', version: 3 }])
    })

    it('tells of guests that are defined and forgotten', async () => {
      await using watch = await conn.watchDomains()
      virsh('define', file(xml.replace(name, `${name}-2`)))
      virsh('undefine', `${name}-2`)
      const seen: string[] = []
      for await (const { kind, domain } of watch) {
        seen.push(`${kind} ${domain}`)
        if (kind === 'undefined') break
      }
      expect(seen).toEqual([`defined ${name}-2`, `undefined ${name}-2`])
    })
  })
})

/** What virsh says of a command that fails. */
function wordsOf(command: string): string {
  try {
    return execFileSync('virsh', ['--connect', uri, command, 'computer'], { encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    return String((error as { stderr: string }).stderr)
  }
}
