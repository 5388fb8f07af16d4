import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { ContainerConfig } from '../../src/formats/container-config.js'
import { containerHostdevs } from '../../src/formats/container-hostdevs.js'
import { convert, hostdevFormats } from '../../src/formats/convert.js'
import { readMdevctlFile, readMdevctlList } from '../../src/formats/mdevctl.js'
import { parseProps } from '../../src/formats/qemu/props.js'
import { fromQemu } from '../../src/formats/qemu/read.js'
import { XlConfig } from '../../src/formats/xl-config.js'

const uuid = 'c60cc60c-0000-4000-8000-000000000001'

/** What each reader is glad to read, to begin from. */
const readers: Readonly<Record<string, { read: (text: string) => unknown; good: readonly string[] }>> = {
  'QEMU options': {
    read: (text) => fromQemu({ devices: [parseProps(text)] }),
    good: [
      '{"driver":"vfio-pci","host":"0000:03:00.1","id":"hostdev0","bootindex":1,"acpi-index":2,"rombar":0}',
      'usb-host,hostbus=1,hostaddr=6,id=hostdev0,bootindex=7',
      'usb-host,vendorid=0x0483,productid=0x2016,hostport=1.2,hostbus=3',
      `vfio-pci,sysfsdev=/sys/bus/mdev/devices/${uuid},addr=0x3.0x1,bus=pci.0,rombar=1`,
      'vhost-scsi-pci,wwpn=naa.5123456789abcde0,bus=pci.0,addr=0x5',
    ],
  },
  'an xl.cfg': {
    read: (text) => {
      const config = new XlConfig(text)
      return [config.hostdevs(), config.usbControllers(), config.get('name') ?? '']
    },
    good: [
      'name = "a"\npci = [ "0000:03:00.1,permissive=1", \'01:00.0@1f\' ]\nusbctrl=["type=pv,version=2,ports=4"]\n',
      'usbdev += ["hostbus=1,hostaddr=6,controller=0,port=1"] # b\nusbdevice="host:0483:2016"\nmemory=512;vcpus=2\n',
    ],
  },
  "a container's config": {
    read: (text) => containerHostdevs(new ContainerConfig(text)),
    good: [
      'NETDEV="eth0 eth1"\nNETIF="ifname=eth0,mac=00:18:51:00:00:01,host_ifname=veth101.0"\n# c\nDEVNODES="net/tun:rw "\n',
      "DEVICES='c:10:229:rw b:8:all:none'\nPCI=0000:03:00.1 # d\r\n",
    ],
  },
  "mdevctl's list": {
    read: (text) => readMdevctlList(text, []),
    good: [`[{"0000:00:02.0":[{"${uuid}":{"mdev_type":"i915-V4","start":"auto","attrs":[{"assign":"5"}]}}]}]`],
  },
  "mdevctl's file": {
    read: (text) => readMdevctlFile('matrix', uuid, text),
    good: ['{"mdev_type":"vfio_ap-passthrough","start":"manual","attrs":[{"assign_adapter":"5"},{"a":"b"}]}'],
  },
}

const odd = ['', '\0', '"', "'", '\\', '\n', '\r', ',', ',,', '=', '[', ']', '{', '}', '#', '$(x)', '`', '..', '/', ' ']
const numbers = ['-1', '1e9', 'NaN', '4294967296', '99999999999999999999', '0x', '08', '1.5', 'true', 'null']
const words = ['__proto__', 'constructor', 'toString', 'é', '\u2028', '\ud800', 'on', 'host=', 'id=']

/** A good text with a piece of it taken out, doubled or replaced, a few times over. */
const mutantOf = (good: readonly string[]) => {
  const edit = fc.record({
    at: fc.nat(400),
    length: fc.nat(12),
    put: fc.oneof(fc.constantFrom(...odd, ...numbers, ...words), fc.string({ maxLength: 6 })),
  })
  return fc.tuple(fc.constantFrom(...good), fc.array(edit, { minLength: 1, maxLength: 4 })).map(([text, edits]) =>
    edits.reduce((now, { at, length, put }) => {
      const from = at % (now.length + 1)
      return now.slice(0, from) + put + now.slice(from + length)
    }, text),
  )
}

/** Reads, or says why not; what is read is plain JSON, in which there is no NaN. */
function readsOrRefuses(read: () => unknown): void {
  let value: unknown
  try {
    value = read()
  } catch (error) {
    if (VirtError.is(error)) return
    throw error
  }
  expect(JSON.parse(JSON.stringify({ value }))).toEqual({ value })
}

describe.each(Object.entries(readers))('the reader of %s', (_, { read, good }) => {
  it.each(good)('reads %j', (text) => {
    expect(JSON.stringify(read(text))).not.toContain('null')
  })

  it('reads or refuses whatever comes', () => {
    fc.assert(
      fc.property(mutantOf(good), (text) => readsOrRefuses(() => read(text))),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['blanks', ' '],
    ['line breaks', '\n'],
    ['commas', ','],
    ['quotes', '"'],
    ['brackets', '['],
    ['braces', '{"a":'],
    ['backslashes', '\\'],
    ['numbers', '9'],
  ])('comes to an end with 100,000 %s', (_name, piece) => {
    const many = piece.repeat(100_000)
    for (const text of [many, ...good.map((each) => each.replace('=', () => `=${many}`)), good[0] + many])
      readsOrRefuses(() => read(text))
  })
})

describe('convert', () => {
  it.each([
    ['line breaks', '\n'],
    ['blanks', ' '],
    ['options', '-device '],
  ])('finds no format in 100,000 %s, and says so', async (_, piece) => {
    await expect(convert(piece.repeat(100_000), { to: 'libvirt' })).rejects.toThrow(VirtError)
    await expect(convert(`-device${piece.repeat(100_000)}\u2028x`, { to: 'libvirt' })).rejects.toThrow(VirtError)
  })

  it('reads or refuses whatever comes, in every format', async () => {
    const good = Object.values(readers).flatMap((reader) => reader.good)
    const call = fc.tuple(
      mutantOf(good),
      fc.constantFrom(undefined, ...hostdevFormats),
      fc.constantFrom(...hostdevFormats),
    )
    await fc.assert(
      fc.asyncProperty(call, async ([text, from, to]) => {
        try {
          expect(typeof (await convert(text, from === undefined ? { to } : { from, to }))).toBe('string')
        } catch (error) {
          if (!VirtError.is(error)) throw error
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a container config', () => {
  it('is changed in one pass, however many lines and blanks it has', () => {
    const lines = 'NETDEV="eth1"\n'.repeat(50_000)
    const config = new ContainerConfig(`${lines}PCI=${' '.repeat(200_000)}x # why\n`)
    config.put({ key: 'NETDEV', word: 'eth0' })
    config.setWords('PCI', ['0000:03:00.1'])
    expect(config.get('NETDEV')?.endsWith(' eth0')).toBe(true)
    expect(config.get('PCI')).toBe('0000:03:00.1')
  })
})

describe('an xl.cfg', () => {
  it('loses a device at once, however often it stands there', () => {
    const config = new XlConfig(`pci = [ ${'"03:00.1", '.repeat(50_000)} "03:00.2" ]\n`)
    const [first, second] = [config.hostdevs()[0], config.hostdevs().at(-1)]
    if (first) config.remove(first)
    expect(config.hostdevs()).toEqual([second])
  })
})
