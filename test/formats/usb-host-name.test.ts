import { describe, expect, it } from 'vitest'
import { formatUsbHostName, parseUsbHostName } from '../../src/formats/usb-host-name.js'

describe('a USB device of the host, as -usbdevice names it', () => {
  it.each([
    ['host:003.001', { address: { bus: 3, device: 1 } }],
    ['host:0483:2016', { vendor: 0x0483, product: 0x2016 }],
    ['host:010.100', { address: { bus: 10, device: 100 } }],
  ])('%s is read and written', (text, source) => {
    const def = { kind: 'usb', managed: false, source } as const
    expect(parseUsbHostName(text)).toEqual(def)
    expect(formatUsbHostName(def)).toBe(text)
  })

  it.each(['tablet', 'host:', 'host:1', 'host:1.2.3', 'host:00000483:2016', 'host:g:1', 'host:3.1\n'])(
    '%j is refused',
    (text) => {
      expect(() => parseUsbHostName(text)).toThrow("is none of the host's")
    },
  )
})
