import { describe, expect, it } from 'vitest'
import { convert, hostdevFormats } from '../../src/formats/convert.js'
import { hostdev } from '../../src/model/hostdev.js'

const flat = (text: string) => text.replace(/>\s+</g, '><').trim()
const pci = `<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/></source></hostdev>`
const usb = `<hostdev mode='subsystem' type='usb' managed='no'><source><address bus='3' device='5'/></source></hostdev>`
const net = `<hostdev mode='capabilities' type='net'><source><interface>eth1</interface></source></hostdev>`

describe('convert', () => {
  it.each([
    ["<hostdev mode='capability'><source name='eth1'/></hostdev>", 'libvirt', net],
    [net, 'openvz', 'NETDEV="eth1"'],
    ['NETDEV="eth1"\n', 'libvirt', net],
    ["<host bus='usb'><source dev='003.005'/></host>", 'libvirt', usb],
    ['-usbdevice host:003.005', 'libvirt', usb],
    [usb, 'qemu-usbdevice', '-usbdevice host:003.005'],
    ["usbdev=['hostbus=3, hostaddr=5']", 'libvirt', usb],
    [pci.replace(" managed='yes'", ''), 'host-2007', '<host bus="pci"><source dev="0000:03:00.0"/></host>'],
  ])('says %s in %s', async (text, to, expected) => {
    const quotes = (xml: string) => flat(xml).replaceAll('"', "'").replace('0000:03', '03')
    expect(quotes(await convert(text, { to }))).toBe(quotes(expected))
  })

  it('writes a PCI device as QEMU and xl have it, and reads it back', async () => {
    const qemu = await convert(pci, { to: 'qemu' })
    expect(qemu).toMatch(/^-device \{"driver":"vfio-pci","host":"0000:03:00.0".*\}\n$/)
    const xl = await convert(pci, { to: 'xl' })
    expect(xl).toMatch(/^pci ?= ?\[/)
    for (const text of [qemu, xl]) {
      const back = hostdev.parse(await convert(text, { to: 'libvirt' }))
      expect(back.kind === 'pci' && back.source.address.bus).toBe(3)
    }
  })

  it('refuses by name what the target cannot say', async () => {
    await expect(convert(net, { to: 'xl' })).rejects.toMatchObject({ code: 'config-unsupported' })
    await expect(convert(usb, { to: 'openvz' })).rejects.toThrow(/USB device 3:5/)
    const both = usb.replace('<address', "<vendor id='0x0403'/><product id='0x6001'/><address")
    await expect(convert(both, { to: 'qemu-usbdevice' })).rejects.toThrow(/source.vendor/)
  })

  it('asks who knows the host for the address of sg3', async () => {
    const sg3 = `<hostdev mode='capability' type='scsi'><source name='sg3'/><target address='0:0:0:0'/></hostdev>`
    await expect(convert(sg3, { to: 'libvirt' })).rejects.toMatchObject({ code: 'config-unsupported' })
    const resolve = () =>
      hostdev.parse(
        `<hostdev type='scsi'><source><adapter name='scsi_host2'/><address bus='0' target='1' unit='0'/></source></hostdev>`,
      )
    expect(await convert(sg3, { to: 'libvirt', resolve })).toMatch(/scsi_host2/)
  })

  it('knows its formats, and says which when it is asked for another', async () => {
    await expect(convert(pci, { to: 'qemo' })).rejects.toMatchObject({ details: { candidates: ['qemu'] } })
    await expect(convert('hello', { to: 'xl' })).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(hostdevFormats).toContain('proposal-2008')
  })
})
