import { describe, expect, it } from 'vitest'
import { type Connection, capabilityOf, connect, nodeDevice } from '../../src/index.js'
import { hosts, mock } from '../../src/mock.js'
import { nodeDeviceContract } from '../contract/node-devices.js'

describe.each(Object.entries(hosts))('hosts.%s', (name, host) => {
  nodeDeviceContract(name, { open: (options) => connect(mock(host()), options) })

  it('has devices that libvirt would call by the same names', async () => {
    const conn = await connect(mock(host()))
    for await (const def of conn.nodeDeviceDefs()) {
      const pci = capabilityOf(def, 'pci')
      if (pci) expect(def.path).toMatch(new RegExp(`/${def.name.slice(4).replace(/_/g, '.')}$`))
      const findings = nodeDevice.validate(nodeDevice.format(def, { compat: true }))
      // the schema at hand is older than the physical port
      expect(findings.filter(({ path }) => !path.endsWith('/port'))).toEqual([])
    }
  })

  it('is a new one at each call', () => {
    expect(host()).not.toBe(host())
    expect(host()).toEqual(host())
  })
})

describe('hosts.server', () => {
  const open = async (): Promise<Connection> => connect(mock(hosts.server()))

  it('has a graphics card that can only be given away with its sound', async () => {
    const conn = await open()
    const web = await conn.lookupDomain('web')
    const gpu = {
      kind: 'pci',
      managed: true,
      source: { address: { domain: 0, bus: 0x65, slot: 0, function: 0 } },
    } as const
    await expect(web.attachHostdev(gpu)).rejects.toMatchObject({ details: { candidates: ['pci_0000_65_00_1'] } })
    await (await conn.lookupNodeDevice('pci_0000_65_00_1')).detach()
    await expect(web.attachHostdev(gpu)).resolves.toMatchObject({ alias: 'hostdev0' })
  })

  it('has twin dongles that only their port tells apart', async () => {
    const conn = await open()
    await expect(conn.resolve({ vendor: 0x064f, product: 0x2af9 })).rejects.toMatchObject({ code: 'ambiguous' })
    expect((await conn.resolve({ port: '1-2' })).name).toBe('usb_1_2')
  })

  it('has adapters on which virtual ports are made', async () => {
    const conn = await open()
    const vport = await conn.createNodeDevice({
      name: 'new device',
      parentFabricWwn: '2001000dec9877c1',
      capabilities: [{ kind: 'scsi_host', host: 0 }],
    })
    expect([vport.name, await vport.parent()]).toEqual(['scsi_host12', 'scsi_host10'])
  })
})
