import { describe, expect, it } from 'vitest'
import { type UsbControllerDef, usbController } from '../../src/model/usb-controller.js'

describe('a USB controller', () => {
  it.each<[UsbControllerDef, string]>([
    [{ index: 0, type: 'qusb', version: 2, ports: 8 }, "<controller type='usb' index='0' model='qusb2' ports='8'/>\n"],
    [{ index: 1, type: 'qusb', version: 1 }, "<controller type='usb' index='1' model='qusb1'/>\n"],
    [
      { index: 0, type: 'devicemodel', model: 'qemu-xhci', version: 3, alias: 'usb' },
      "<controller type='usb' index='0' model='qemu-xhci'>\n  <alias name='usb'/>\n</controller>\n",
    ],
    [{ ports: 4 }, "<controller type='usb' ports='4'/>\n"],
  ])('%o is written as libvirt writes it, and read back', (def, xml) => {
    expect(usbController.format(def)).toBe(xml)
    expect(usbController.parse(xml)).toEqual(def)
  })

  it('that says only its version is paravirtual', () => {
    expect(usbController.format({ version: 1, ports: 4 })).toBe("<controller type='usb' model='qusb1' ports='4'/>\n")
  })

  it.each<UsbControllerDef>([{ type: 'pv', version: 2 }, { type: 'qusb', version: 3 }, { type: 'devicemodel' }])(
    '%o is refused, because libvirt has no model of it',
    (def) => {
      expect(() => usbController.format(def)).toThrow('which libvirt has no model of')
    },
  )

  it('is of type usb', () => {
    expect(() => usbController.parse("<controller type='scsi'/>")).toThrow("/@type is not 'usb'")
  })
})
