import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { formatXlConfig, XlConfig, type XlValue } from '../../src/formats/xl-config.js'
import type { HostdevOf } from '../../src/model/hostdev.js'

const pci = (slot: number): HostdevOf<'pci'> => ({
  kind: 'pci',
  managed: false,
  driver: { name: 'xen' },
  source: { address: { domain: 0, bus: 1, slot, function: 0 } },
})
const usb = (device: number): HostdevOf<'usb'> => ({
  kind: 'usb',
  managed: false,
  source: { address: { bus: 1, device } },
})

const realistic = `# made by hand
name = "web"   # the name
memory = 0x200; vcpus = 2
pci = [
  "01:00.0",            # the NIC
  '01:01.0,permissive=1', # the HBA
]
usbctrl=['version=1, ports=4', 'version=2, ports=8', ]
usbdev=['hostbus=1, hostaddr=6']
vnuma = [ [ "pnode=0" ], [ "pnode=1" ] ]
`

/** Any text, half characters and NUL among it. */
const utf16 = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) })

describe('XlConfig', () => {
  it.each<[string, string, XlValue | undefined]>([
    ['a number', 'a = 0x1f', '0x1f'],
    ['single quotes', "a='it\\'s'", "it's"],
    ['escapes', 'a="\\a\\b\\f\\n\\r\\t\\v\\\\\\""', '\x07\b\f\n\r\t\v\\"'],
    ['bytes as they are', 'a="é\t\x01"', 'é\t\x01'],
    ['the last of a key', 'a=1\na=2', '2'],
    ['semicolons', 'b=1;a=2;;', '2'],
    ['text added to text', 'a="1"\na+="2"', '12'],
    ['items added to a list', 'a=["0"]\na=["1"]\na+=["2"]', ['1', '2']],
    ['items added to nothing', 'a+=["2"]', ['2']],
    ['a list over lines, with comments', 'a=[ # x\n"1" # c\n,# d\n2,\n]', ['1', '2']],
    ['lists in lists', 'a=[["1"],[],"2"]', [['1'], [], '2']],
    ['nothing in comments', '# a=1', undefined],
  ])('reads %s', (_what, text, value) => {
    expect(new XlConfig(text).get('a')).toEqual(value)
  })

  // what libxlutil 4.17 refuses
  it.each([
    ['a = = [ ]', 1],
    ['\na', 2],
    ['a=\n"1"', 1],
    ['A = 1', 1],
    ['_a=1', 1],
    ['a=1 b=2', 1],
    ['a=[,]', 1],
    ['a=["1",,]', 1],
    ['a=["1" "2"]', 1],
    ['a=["1"', 1],
    ['a="1', 1],
    ['a="1\n"', 1],
    ['a="1\\\n"', 1],
    ['a="1"\r\n', 1],
    ['a="\\x41"', 1],
    ['a="\\101"', 1],
    ['a="\\q"', 1],
    ['a=-5', 1],
    ['\ufeffa=1', 1],
    ['a=0XF', 1],
    ['a="1"\na+=["2"]', 2],
    ['a=["1"]\na+="2"', 2],
  ])('refuses %j and tells the line', (text, line) => {
    expect(() => new XlConfig(text)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', details: expect.objectContaining({ line }) }),
    )
  })

  it.each([
    ['brackets', `a=${'['.repeat(100_000)}`],
    ['text', ' '.repeat(2 ** 20 + 1)],
  ])('refuses too many %s', (_what, text) => {
    expect(() => new XlConfig(text)).toThrow(expect.objectContaining({ code: 'limit-exceeded' }))
  })

  it('reads devices and controllers', () => {
    const config = new XlConfig(realistic)
    expect(config.hostdevs()).toEqual([
      pci(0),
      { ...pci(1), source: { ...pci(1).source, writeFiltering: false } },
      usb(6),
    ])
    expect(config.usbControllers()).toEqual([
      { index: 0, version: 1, ports: 4 },
      { index: 1, version: 2, ports: 8 },
    ])
  })

  it('reads emulated devices, in a list or alone, and no tablets', () => {
    expect(new XlConfig('usbdevice = "host:001.006"').hostdevs()).toEqual([usb(6)])
    expect(new XlConfig('usbdevice = [ "tablet", "host:001.006" ]').hostdevs()).toEqual([usb(6)])
  })

  it('passes over a setting that is no list, as xl does', () => {
    expect(new XlConfig('pci = "01:00.0"').hostdevs()).toEqual([])
  })

  it('refuses a list in a list of devices, where xl would stop', () => {
    expect(() => new XlConfig('pci = [ [ "01:00.0" ] ]').hostdevs()).toThrow('holds a list')
  })

  it('adds behind a last item that has a line and no comma', () => {
    const config = new XlConfig('pci = [\n  "01:00.0"\n]\n')
    config.add(pci(2))
    expect(String(config)).toBe('pci = [\n  "01:00.0",\n  "0000:01:02.0"\n]\n')
  })

  it('adds on a line of its own where the others have one', () => {
    const config = new XlConfig(realistic)
    config.add(pci(2))
    expect(config.toString()).toBe(realistic.replace('# the HBA\n', '# the HBA\n  "0000:01:02.0",\n'))
  })

  it('adds controllers and USB devices on the same line', () => {
    const config = new XlConfig(realistic)
    config.add(usb(7))
    config.addController({ type: 'qusb' })
    expect(config.toString()).toBe(
      realistic.replace("=6']", '=6\', "hostbus=1,hostaddr=7"]').replace("ports=8', ]", 'ports=8\', "type=qusb", ]'),
    )
  })

  it.each([
    ['', 'pci = [ "0000:01:02.0" ]\n'],
    ['name = "x"', 'name = "x"\npci = [ "0000:01:02.0" ]\n'],
    ['# end', '# end\npci = [ "0000:01:02.0" ]\n'],
    ['pci=[]', 'pci=[ "0000:01:02.0" ]'],
    ['pci=[ # none\n]', 'pci=[ # none\n"0000:01:02.0" ]'],
    ['pci=["1:0.0"]\npci+=["2:0.0"]', 'pci=["1:0.0"]\npci+=["2:0.0", "0000:01:02.0"]'],
    ['pci=[\n "1:0.0" # a\n]', 'pci=[\n "1:0.0", # a\n "0000:01:02.0"\n]'],
    ['pci="1:0.0" # not read', 'pci = [ "0000:01:02.0" ] # not read'],
  ])('adds to %j', (before, after) => {
    const config = new XlConfig(before)
    config.add(pci(2))
    expect(config.toString()).toBe(after)
    expect(config.hostdevs()).toContainEqual(pci(2))
  })

  it('changes nothing when the device is there already', () => {
    const config = new XlConfig(realistic)
    config.add(pci(1))
    expect(config.toString()).toBe(realistic)
  })

  it('removes the item and leaves its comment', () => {
    const config = new XlConfig(realistic)
    config.remove(pci(0))
    expect(config.toString()).toBe(realistic.replace('"01:00.0",            ', ''))
    config.remove(usb(6))
    expect(config.toString()).toContain('usbdev=[]\n')
  })

  it.each([
    ['pci=[ "1:1.0", "1:2.0" ]', 'pci=[ "1:1.0" ]'],
    ['pci=[ "1:2.0", "1:1.0" ]', 'pci=[ "1:1.0" ]'],
    ['pci=[ "1:2.0" ]', 'pci=[ ]'],
    ['pci=[\n  "1:1.0",\n  "1:2.0",\n]', 'pci=[\n  "1:1.0",\n]'],
    ['pci=["1:2.0","1:1.0","1:2.0"]', 'pci=["1:1.0"]'],
    ['pci=["1:1.0", # a\n"1:2.0"]', 'pci=["1:1.0", # a\n]'],
    ['pci=["1:1.0"]\npci+=["1:2.0"]', 'pci=["1:1.0"]\npci+=[]'],
  ])('removes from %j', (before, after) => {
    const config = new XlConfig(before)
    config.remove(pci(2))
    expect(config.toString()).toBe(after)
  })

  it('removes an emulated device that stands alone, with its line', () => {
    const config = new XlConfig('a=1\nusbdevice = "host:001.006"\nb=2\n')
    config.remove(usb(6))
    expect(config.toString()).toBe('a=1\nb=2\n')
  })

  it('takes back what it has added', () => {
    const config = new XlConfig(realistic)
    for (const def of [pci(9), usb(9)]) {
      config.add(def)
      config.remove(def)
    }
    config.addController({ version: 2 })
    config.removeController(2)
    expect(config.toString()).toBe(realistic)
  })

  it('refuses to remove what is not there, and a controller before others', () => {
    const config = new XlConfig(realistic)
    expect(() => config.remove(pci(9))).toThrow(expect.objectContaining({ code: 'device-missing' }))
    expect(() => config.removeController(0)).toThrow('is not the last of the 2')
  })

  it('sets a value in its place, and one value for what was added up', () => {
    const config = new XlConfig(realistic)
    config.set('name', 'a"b\n')
    config.set('memory', '512')
    expect(config.toString()).toBe(realistic.replace('"web"', '"a\\"b\\n"').replace('0x200', '"512"'))
    const added = new XlConfig('a=["1"]\na+=["2"]\nb=1\n')
    added.set('a', ['3', ['4'], []])
    expect(added.toString()).toBe('a = [ "3", [ "4" ], [ ] ]\nb=1\n')
  })

  it.each(['', 'A', 'a b', 'a=1\nb', '1'])('refuses to set %j, which is no name', (key) => {
    expect(() => new XlConfig('').set(key, '1')).toThrow('is no name of a setting')
  })

  it('holds any text without its meaning anything else', () => {
    const config = new XlConfig(realistic)
    fc.assert(
      fc.property(fc.oneof(utf16, fc.string()), (text) => {
        const copy = new XlConfig(realistic)
        try {
          copy.set('name', text)
        } catch (error) {
          expect(error).toBeInstanceOf(VirtError)
          expect(text).toMatch(/\0|\p{Surrogate}/u)
          return
        }
        expect(copy.get('name')).toBe(text)
        expect(copy.toString().endsWith(realistic.slice(realistic.indexOf('   # the name')))).toBe(true)
        expect(copy.hostdevs()).toEqual(config.hostdevs())
      }),
    )
  })

  it('reads any text or refuses it, and soon', () => {
    const parts = fc.constantFrom('a', '=', '+=', '[', ']', ',', '"', "'", '\\', '\n', '#', ' ', '1', ';', '\r', 'é')
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('')
        try {
          expect(new XlConfig(text).toString()).toBe(text)
        } catch (error) {
          expect(error).toBeInstanceOf(VirtError)
        }
      }),
    )
  })
})

describe('formatXlConfig', () => {
  it('writes what is given and nothing else', () => {
    const guest = {
      name: 'x"\nkernel = "/evil',
      hostdevs: [pci(1), usb(10)],
      usbControllers: [{ version: 2 as const }],
    }
    const text = formatXlConfig(guest)
    expect(text).toBe(
      'name = "x\\"\\nkernel = \\"/evil"\n' +
        'pci = [ "0000:01:01.0" ]\n' +
        'usbctrl = [ "version=2" ]\n' +
        'usbdev = [ "hostbus=1,hostaddr=10" ]\n',
    )
    expect(new XlConfig(text).get('name')).toBe(guest.name)
    expect(new XlConfig(text).get('kernel')).toBeUndefined()
  })
})
