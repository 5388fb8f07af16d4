import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type XlUsbctrl, type XlUsbdev, type XlUsbdevice, xlUsbctrl, xlUsbdev, xlUsbdevice } from '../../src/xen.js'

describe('xlUsbdev', () => {
  it.each<[string, XlUsbdev]>([
    ['hostbus=1,hostaddr=6', { hostbus: 1, hostaddr: 6 }],
    ['hostbus=1, hostaddr=6, controller=0, port=1', { hostbus: 1, hostaddr: 6, controller: 0, port: 1 }],
    ['type=HostDev,hostbus=10,hostaddr=16', { type: 'hostdev', hostbus: 10, hostaddr: 16 }],
    ['hostbus=0x10,hostaddr=010', { hostbus: 16, hostaddr: 8 }],
    ['hostbus=3 ,,hostaddr=2,', { hostbus: 3, hostaddr: 2 }],
  ])('reads %s as xl does', (text, device) => {
    expect(xlUsbdev.parse(text)).toEqual(device)
  })

  it.each([
    ['', 'names no device'],
    ['hostbus=1', 'names no device'],
    ['hostbus', 'has no value'],
    ['hostbus=1;hostaddr=2', 'a number from 1 to 255'],
    ['hostbus=1,hostaddr=0', 'a number from 1 to 255'],
    ['hostbus=300,hostaddr=1', 'a number from 1 to 255'],
    ['hostbus=-1,hostaddr=1', 'a number from 1 to 255'],
    ['hostbus=a,hostaddr=1', 'a number from 1 to 255'],
    ['hostbus=1,hostaddr=09', 'a number from 1 to 255'],
    ['hostbus=1,hostadr=2', 'did you mean hostaddr?'],
    ['hostbus =1,hostaddr=2', 'did you mean hostbus?'],
    ['type=other,hostbus=1,hostaddr=3', 'type is hostdev'],
    ['hostbus=1,hostaddr=2,port=3', 'give the controller'],
  ])('refuses %j', (text, problem) => {
    expect(() => xlUsbdev.parse(text)).toThrow(problem)
  })

  it('writes decimal numbers, which xl and people read alike', () => {
    expect(xlUsbdev.format({ hostbus: 10, hostaddr: 31, controller: 0, port: 2 })).toBe(
      'hostbus=10,hostaddr=31,controller=0,port=2',
    )
  })

  it('reads what it has written', () => {
    const devices = fc.record({
      hostbus: fc.integer({ min: 1, max: 255 }),
      hostaddr: fc.integer({ min: 1, max: 255 }),
      controller: fc.nat(9),
      port: fc.nat(31),
    })
    fc.assert(
      fc.property(devices, (device) => {
        expect(xlUsbdev.parse(xlUsbdev.format(device))).toEqual(device)
      }),
    )
  })
})

describe('xlUsbctrl', () => {
  it.each<[string, XlUsbctrl]>([
    ['', {}],
    ['version=1, ports=4', { version: 1, ports: 4 }],
    ['type=qusb,version=2,ports=15', { type: 'qusb', version: 2, ports: 15 }],
    ['type=auto,version=0', { type: 'auto', version: 0 }],
  ])('reads %j', (text, controller) => {
    expect(xlUsbctrl.parse(text)).toEqual(controller)
  })

  it.each([
    ['verison=1, ports=4', 'has the unknown option "verison"; did you mean version?'],
    ['version=x', 'version is a number from 0 to 3'],
    ['version=0x2', 'version is a number from 0 to 3'],
    ['ports=32', 'ports is a number from 0 to 31'],
    ['type', 'has no value'],
    ['type=xhci', 'type is auto or pv or qusb or devicemodel'],
    ['type=pv,version=3', 'such ones speak 1 or 2'],
  ])('refuses %j', (text, problem) => {
    expect(() => xlUsbctrl.parse(text)).toThrow(problem)
  })
})

describe('xlUsbdevice', () => {
  it.each<[string, XlUsbdevice]>([
    ['host:003.001', { bus: 3, device: 1 }],
    ['host:010.099', { bus: 10, device: 99 }],
    ['host:0483:2016', { vendor: 0x483, product: 0x2016 }],
  ])('reads and writes %s', (text, device) => {
    expect(xlUsbdevice.parse(text)).toEqual(device)
    expect(xlUsbdevice.format(device)).toBe(text)
  })

  it.each(['tablet', 'host:', 'host:1.*', 'host:1:*', 'host:1.2.3', 'host:12345:1'])('refuses %j', (text) => {
    expect(() => xlUsbdevice.parse(text)).toThrow('is no device of the host')
  })
})
