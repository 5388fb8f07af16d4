import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatProps, parseProps, type QemuProps } from '../../../src/formats/qemu/props.js'

describe('properties of QEMU', () => {
  const device: QemuProps = { driver: 'vfio-pci', id: 'a', romfile: '/tmp/a,b', rombar: 1, ramfb: true }

  it('are written in both syntaxes', () => {
    expect(formatProps(device, 'comma')).toBe('vfio-pci,id=a,romfile=/tmp/a,,b,rombar=1,ramfb=on')
    expect(formatProps(device, 'json')).toBe(
      '{"driver":"vfio-pci","id":"a","romfile":"/tmp/a,b","rombar":1,"ramfb":true}',
    )
  })

  it.each<[string, QemuProps]>([
    ['vfio-pci,host=01:00.0,multifunction', { driver: 'vfio-pci', host: '01:00.0', multifunction: 'on' }],
    ['driver=usb-host,serial=a,,b,,', { driver: 'usb-host', serial: 'a,b,' }],
    ['x,a=,,,b=1', { driver: 'x', a: ',', b: '1' }],
    ['x,a=1,a=2,', { driver: 'x', a: '2' }],
    ['{"driver":"x","on":true,"n":3}', { driver: 'x', on: true, n: 3 }],
  ])('%s are read', (text, given) => {
    expect(parseProps(text)).toEqual(given)
  })

  it('of an object begin with its type', () => {
    expect(parseProps('secret,id=s0,data=a', 'qom-type')).toEqual({ 'qom-type': 'secret', id: 's0', data: 'a' })
  })

  it.each(['{', '{"a":{}}', '{"a":null}', '[]'.padStart(3, '{')])('%s are refused', (text) => {
    expect(() => parseProps(text)).toThrow('the QEMU argument is')
  })

  it('hold no NUL, at which QEMU would stop reading', () => {
    expect(() => formatProps({ driver: 'a\0b' }, 'json')).toThrow('"driver" holds NUL')
  })

  it('cannot become others, whatever a value holds', () => {
    const value = fc.string({ unit: fc.constantFrom(',', '=', '"', "'", '{', '\n', ' ', 'a', '\\', 'é') })
    fc.assert(
      fc.property(value, value, (a, b) => {
        const given = { driver: `d${a}`, serial: b, id: a }
        for (const syntax of ['json', 'comma'] as const) expect(parseProps(formatProps(given, syntax))).toEqual(given)
      }),
    )
  })
})
