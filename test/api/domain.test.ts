import { describe, expect, it } from 'vitest'
import { connect, type HostdevDef, type HostdevInterface } from '../../src/index.js'
import { mock } from '../../src/mock.js'
import { guestInterface } from '../../src/xml.js'

const stick = (device: number, serial: string) => `<device>
  <name>usb_1_${device}</name>
  <path>/sys/devices/usb1/1-${device}</path>
  <parent>computer</parent>
  <capability type='usb_device'>
    <bus>1</bus><device>${device}</device>
    <product id='0x5678'>${serial}</product><vendor id='0x1234'/>
  </capability>
</device>`

async function host() {
  const devices = [stick(2, 'a'), stick(3, 'b')]
  const backend = await mock({ devices, domains: [{ name: 'vm' }, { name: 'other' }] })
  const conn = await connect(backend)
  return { conn, stage: backend.stage, guest: await conn.lookupDomain('vm'), other: await conn.lookupDomain('other') }
}

const placeOf = (def: HostdevDef) => def.kind === 'usb' && def.source.address

describe('Domain', () => {
  it('is given the device that a selector means', async () => {
    const { guest } = await host()
    expect(placeOf(await guest.attachHostdev({ port: '1-3' }))).toEqual({ bus: 1, device: 3 })
    await expect(guest.attachHostdev({ vendor: 0x1234 })).rejects.toMatchObject({
      code: 'ambiguous',
      details: { candidates: ['usb_1_2', 'usb_1_3'] },
    })
  })

  describe('with an interface of type hostdev', () => {
    const nic = `<device><name>pci_0000_06_10_1</name><path>/sys/devices/pci0000:00/0000:06:10.1</path>
      <parent>computer</parent><driver><name>igbvf</name></driver>
      <capability type='pci'><domain>0</domain><bus>6</bus><slot>16</slot><function>1</function><product id='0x10ca'/><vendor id='0x8086'/>
      <iommuGroup number='7'><address domain='0' bus='6' slot='16' function='1'/></iommuGroup></capability></device>`
    const source = { kind: 'pci', address: { domain: 0, bus: 6, slot: 16, function: 1 } } as const
    const lan: HostdevInterface = { kind: 'hostdev', managed: true, source, vlan: { tags: [{ id: 42 }] } }
    const open = async () => {
      const conn = await connect(mock({ devices: [stick(2, 'a'), nic], domains: [{ name: 'vm' }] }))
      return await conn.lookupDomain('vm')
    }

    it('is given the host device that it is, and gives it back', async () => {
      const guest = await open()
      const attached = await guest.attachHostdev(guestInterface.format(lan))
      expect(attached).toMatchObject({ kind: 'pci', managed: true, source: { address: source.address } })
      expect(await guest.hostdevs()).toEqual([attached])
      await guest.detachHostdev(lan)
      const [one, other] = await guest.attachHostdevs([{ name: 'usb_1_2' }, lan])
      expect([one?.kind, other]).toEqual(['usb', { ...attached, alias: 'hostdev1' }])
      await guest.detachHostdev(guestInterface.format(lan))
      expect((await guest.hostdevs()).map(({ kind }) => kind)).toEqual(['usb'])
    })

    it.each([
      ["<interface type='bridge'><source bridge='br0'/></interface>", /an interface bridge is no host device/],
      [guestInterface.format({ ...lan, vlan: { trunk: true, tags: [{ id: 1 }, { id: 2 }] } }), /in one VLAN/],
    ])('refuses %s', async (xml, message) => {
      const guest = await open()
      await expect(guest.attachHostdev(xml)).rejects.toMatchObject({ code: 'config-unsupported', message })
      expect(await guest.hostdevs()).toEqual([])
    })
  })

  it('gives a device back by its alias, by its place, by a selector', async () => {
    const { guest } = await host()
    const attach = () => guest.attachHostdev({ name: 'usb_1_2' })
    const { alias = '', address } = (await attach()) as Extract<HostdevDef, { kind: 'usb' }>
    await guest.detachHostdev({ alias })
    await attach()
    if (address) await guest.detachHostdev({ address })
    await attach()
    await guest.detachHostdev({ name: 'usb_1_2' })
    expect(await guest.hostdevs()).toEqual([])
    await expect(guest.detachHostdev({ alias })).rejects.toMatchObject({ code: 'device-missing', number: 99 })
  })

  it('is given several devices, or none of them', async () => {
    const { guest, other } = await host()
    await guest.attachHostdev({ name: 'usb_1_2' })
    await other.attachHostdev({ name: 'usb_1_3' })
    await expect(guest.attachHostdevs([{ name: 'usb_1_2' }, { name: 'usb_1_3' }])).rejects.toMatchObject({
      code: 'operation-invalid',
    })
    // what it had before stays
    expect((await guest.hostdevs()).map(placeOf)).toEqual([{ bus: 1, device: 2 }])
    await guest.detachHostdev({ name: 'usb_1_2' })
    await expect(guest.attachHostdevs([{ name: 'usb_1_2' }, { name: 'usb_1_3' }])).rejects.toThrow(/in use/)
    expect(await guest.hostdevs()).toEqual([])
  })

  it('says what could not be taken back', async () => {
    const { guest, other, stage } = await host()
    await other.attachHostdev({ name: 'usb_1_3' })
    stage.refuseUnplug('vm')
    await expect(guest.attachHostdevs([{ name: 'usb_1_2' }, { name: 'usb_1_3' }])).rejects.toThrow(
      /in use by the guest other; and what was given before remains \(the guest vm refuses/,
    )
  })

  it('is stopped, and has nothing of the host then', async () => {
    const { guest, other } = await host()
    await guest.attachHostdev({ name: 'usb_1_2' })
    await guest.shutdown()
    expect([await guest.state(), await guest.hostdevs()]).toEqual(['shutoff', []])
    await other.attachHostdev({ name: 'usb_1_2' })
    await expect(guest.shutdown()).rejects.toMatchObject({ code: 'operation-invalid', number: 55 })
  })

  it('gives several devices back at once, and says how many remain', async () => {
    const { guest, stage } = await host()
    await guest.attachHostdevs([{ name: 'usb_1_2' }, { name: 'usb_1_3' }])
    stage.refuseUnplug('vm')
    const both = [{ name: 'usb_1_2' }, { name: 'usb_1_3' }]
    await expect(guest.detachHostdevs(both)).rejects.toThrow(/refuses .*; 2 of 2 devices remain/)
    stage.refuseUnplug('vm', false)
    await guest.detachHostdevs(both)
    expect(await guest.hostdevs()).toEqual([])
  })
})
