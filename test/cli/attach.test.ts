import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import pc from 'picocolors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addGuestDevices } from '../../src/cli/commands/attach.js'
import { type Connection, connect } from '../../src/index.js'
import { hosts, type MockBackend, mock } from '../../src/mock.js'

let conn: Connection
let host: MockBackend
const guest = 'db'
beforeEach(async () => {
  host = await mock(hosts.server())
  conn = await connect(host)
})
afterEach(() => conn.close())

async function run(...argv: string[]): Promise<string> {
  let text = ''
  const root = new Command().exitOverride()
  const work = (use: (conn: Connection) => Promise<void>) => use(conn)
  const out = { width: 80, colour: pc.createColors(false), write: (part: string) => (text += part) }
  addGuestDevices({ root, out, named: () => [], open: async () => conn, read: work, change: work })
  await root.parseAsync(argv, { from: 'user' })
  return text
}

describe('hostdev attach', () => {
  it('gives a guest a device, hostdevs shows it, and detach takes it back by its alias', async () => {
    expect(await run('attach', guest, 'usb_1_1')).toMatch(/^hostdev0 {4}USB device .* at usb 0 \d\n$/)
    expect(await run('hostdevs', guest)).toContain('hostdev0')
    expect(await run('hostdevs', guest, '--xml')).toContain("<hostdev mode='subsystem' type='usb'")
    expect(await run('detach', guest, 'hostdev0')).toBe('hostdev0 detached\n')
    expect(JSON.parse(await run('hostdevs', guest, '--json'))).toEqual([])
  })

  it('leaves its devices to the host when the guest is shut down', async () => {
    await run('attach', guest, 'usb_1_1')
    expect(await run('shutdown', guest)).toBe('db is being shut down\n')
    expect(await (await conn.lookupDomain(guest)).state()).toBe('shutoff')
    await expect(run('shutdown', guest)).rejects.toMatchObject({ code: 'operation-invalid' })
  })

  it('takes the XML of a hostdev from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hostdev-cli-'))
    const file = join(folder, 'device.xml')
    await writeFile(
      file,
      "<hostdev mode='subsystem' type='usb'><source><vendor id='0xdead'/><product id='1'/></source></hostdev>",
    )
    await expect(run('attach', guest, file)).rejects.toThrow(/dead:0001/)
    await expect(run('attach', guest, join(folder, 'absent.xml'))).rejects.toThrow(/cannot be read \(ENOENT\)/)
    await rm(folder, { recursive: true })
  })

  it('has the card give a virtual function its address and VLAN', async () => {
    await (await conn.lookupNodeDevice('pci_0000_17_00_0')).setVirtualFunctions(1)
    const vf = await (await conn.findFreeVirtualFunction('pci_0000_17_00_0')).def()
    await run('attach', guest, vf.name, '--mac', '52:54:00:6d:90:02', '--vlan', '42')
    const [, def] = host.stage.calls.find(({ call }) => call === 'domains.attachInterface')?.args ?? []
    expect(def).toMatchObject({
      kind: 'hostdev',
      managed: true,
      mac: { address: '52:54:00:6d:90:02' },
      vlan: { tags: [{ id: 42 }] },
    })
    expect(await run('hostdevs', guest)).toContain(`PCI device ${vf.name.slice(4, 14).replaceAll('_', ':')}`)
  })

  it.each([
    ['for a USB device', ['usb_1_1'], /no virtual function/],
    ['for several devices', ['usb_1_1', 'usb_1_2'], /for one device/],
  ])('sets no address %s', async (_what, words, message) => {
    const wanted = run('attach', guest, ...words, '--mac', '52:54:00:6d:90:02')
    await expect(wanted).rejects.toMatchObject({ code: 'invalid-argument', message })
  })

  it.each(['4096', 'lan', '-1'])('refuses a VLAN of %s', async (number) => {
    await expect(run('attach', guest, 'usb_1_1', `--vlan=${number}`)).rejects.toMatchObject({ exitCode: 1 })
  })

  it.each([
    ['dead:beef', /"vendor":57005,"product":48879/],
    ['0000:7f:00.0', /"pci":"0000:7f:00.0"/],
    ['9-1.2', /"port":"9-1.2"/],
    ['83b8f4f2-509f-382f-3c1e-e6bfe0fa2001', /"uuid"/],
    ['pci_0000_7f_00_0', /"name":"pci_0000_7f_00_0"/],
  ])('understands %s', async (word, message) => {
    await expect(run('attach', guest, word)).rejects.toMatchObject({ code: 'no-node-device', message })
  })
})
