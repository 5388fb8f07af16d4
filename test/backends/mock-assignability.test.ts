import { beforeEach, describe, expect, it } from 'vitest'
import { type Connection, connect } from '../../src/index.js'
import { hosts, type MockBackend, mock } from '../../src/mock.js'

const pci = (slot: number, driver: string, group: readonly number[], extra = '') => `<device>
  <name>pci_0000_0${slot}_00_0</name><parent>computer</parent>
  <driver><name>${driver}</name></driver>
  <capability type='pci'><class>0x020000</class><domain>0</domain><bus>${slot}</bus><slot>0</slot><function>0</function>
  <product id='0x10c9'/><vendor id='0x8086'/>${extra}
  <iommuGroup number='${group[0]}'>${group.map((bus) => `<address domain='0x0000' bus='0x0${bus}' slot='0x00' function='0x0'/>`).join('')}</iommuGroup>
  </capability></device>`
const net = `<device><name>net_eth0</name><parent>pci_0000_01_00_0</parent><capability type='net'><interface>eth0</interface></capability></device>`

let host: MockBackend
let conn: Connection
beforeEach(async () => {
  const bridge = "<capability type='pci-bridge'/>"
  host = await mock({
    devices: [pci(1, 'igb', [1]), pci(2, 'igb', [2, 3]), pci(3, 'snd', [2, 3]), pci(4, 'pcieport', [4], bridge), net],
    domains: [{ name: 'web' }],
  })
  conn = await connect(host)
})

const of = async (name: string, options = {}) => await (await conn.lookupNodeDevice(name)).assignability(options)
const codes = async (name: string, options = {}) => (await of(name, options)).findings.map(({ code }) => code)

describe('assignability on a mock host', () => {
  it('finds nothing against a function alone in its group', async () => {
    expect(await of('pci_0000_01_00_0')).toEqual({ assignable: true, findings: [] })
  })

  it('finds groups that are not viable, with the members in the way, for QEMU alone', async () => {
    const { assignable, findings } = await of('pci_0000_02_00_0')
    expect(assignable).toBe(false)
    expect(findings).toMatchObject([{ code: 'group-not-viable', facts: { members: ['pci_0000_03_00_0'] } }])
    expect(await codes('pci_0000_02_00_0', { for: 'xen' })).toEqual([])
  })

  it('finds bridges, and faces of other devices', async () => {
    expect(await codes('pci_0000_04_00_0')).toEqual(['bridge'])
    expect((await of('net_eth0')).findings).toMatchObject([
      { code: 'not-assignable', remedy: 'give away what it belongs to: pci_0000_01_00_0' },
    ])
    expect(await codes('net_eth0', { for: 'openvz' })).toEqual([])
  })

  it('finds the guest that has a device, and that it is held for guests', async () => {
    await (await conn.lookupDomain('web')).attachHostdev({ name: 'pci_0000_01_00_0' })
    const { findings } = await of('pci_0000_01_00_0')
    expect(findings).toMatchObject([{ code: 'in-use', facts: { domain: 'web' } }, { code: 'detached' }])
  })

  it('finds what the stage hand says', async () => {
    host.stage.find('pci_0000_01_00_0', 'root-disk', 'holds the root file system')
    host.stage.busy('pci_0000_01_00_0', 'dd')
    expect(await codes('pci_0000_01_00_0')).toEqual(['open', 'root-disk'])
  })

  it('filters lists', async () => {
    const names = (await conn.listNodeDevices({ assignable: true })).map(({ name }) => name)
    expect(names).toEqual(['pci_0000_01_00_0'])
  })

  it('answers for each device of a ready host', async () => {
    const server = await connect(mock(hosts.server()))
    for (const device of await server.listNodeDevices())
      expect(typeof (await device.assignability()).assignable).toBe('boolean')
    const all = await server.numOfNodeDevices()
    const [yes, no] = [true, false].map((assignable) => server.numOfNodeDevices({ assignable }))
    expect((await yes) ?? 0).toBeGreaterThan(0)
    expect(((await yes) ?? 0) + ((await no) ?? 0)).toBe(all)
  })
})
