import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { formatHostdev, hostdevDialects, parseHostdev } from '../../src/model/hostdev-dialects.js'
import { formatNodeDevice, nodeDeviceDialects, parseNodeDevice } from '../../src/model/node-device-dialects.js'
import { mutant, random } from '../dom/mutants.js'
import { seed } from '../seed.js'

/** What a dialect of the proposals is read and written by, and documents to begin from. */
interface Dialects {
  read(text: string): object
  readonly writers: readonly (readonly [dialect: string, write: (def: never) => string])[]
  readonly good: readonly string[]
}

const dialects: Readonly<Record<string, Dialects>> = {
  hostdevs: {
    read: parseHostdev,
    writers: hostdevDialects.map((dialect) => [dialect, (def) => formatHostdev(def, { dialect })]),
    good: [
      '<host bus="usb">\n  <source device="003.001"/>\n</host>\n',
      '<host bus="usb"><source vendor="0483" product="2016"/><target dev="001.005"/></host>',
      '<host bus="usb"><source vendor="0483" product="2016"></host>',
      '<host bus="pci"><source dev="00:1f.3"/></host>',
      '<hostdev type="usb" vendor="0204" product="6025"/>',
      '<hostdev type="usb" bus="001" device="007"/>',
      '<hostdev mode="bus" bus="usb"><source><product id="1155"/><vendor id="8214"/></source></hostdev>',
      '<hostdev mode="bus" bus="usb"><source><address bus="003" dev="005"/></source></hostdev>',
      '<hostdev mode="bus" bus="pci"><source><address domain="0000" bus="00" slot="1f" function="3"/></source></hostdev>',
      '<hostdev mode="capability" type="scsi"><source name="sg3"/><target address="0:0:0:0"/></hostdev>',
      '<hostdev mode="capability"><source name="eth0"/></hostdev>',
    ],
  },
  'node devices': {
    read: parseNodeDevice,
    writers: nodeDeviceDialects.map((dialect) => [dialect, (def) => formatNodeDevice(def, { dialect })]),
    good: [
      '<device><name>pci_8086_27da</name><key>/org/freedesktop/Hal/devices/pci_8086_27da</key><bus type="pci">\n' +
        '<vendor id="32902">Intel</vendor><product id="10202">SMBus</product>\n' +
        '<address domain="0000" bus="00" slot="1f" function="3"/></bus></device>',
      '<device><name>usb_device_483_2016_noserial</name><key>/org/freedesktop/Hal/devices/usb_device_483_2016_noserial</key><bus type="usb">\n' +
        '<vendor id="1155"/><product id="8214"/><address bus="003" dev="005"/></bus></device>',
      '<device><name>net_00_13</name><key>/org/freedesktop/Hal/devices/net_00_13</key>\n' +
        '<parent>/org/freedesktop/Hal/devices/pci_8086_4227</parent><capability type="net">\n' +
        '<hwaddr>00:13:02:b9:f9:d3</hwaddr><name>eth0</name><capability type="80211"/></capability></device>',
      '<device><name>a</name><key>/sys/devices/host5</key><capability type="scsihost"><capability type="fc">\n' +
        '<address wwnn="20000000c9848140" wwpn="10000000c9848140"/><vports max="4"/></capability></capability></device>',
    ],
  },
}

/** What a call answers; `undefined` when it refuses with an error of ours, which has a message and a code. */
function orRefused<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if (!VirtError.is(error)) throw error
    expect(error.message).not.toBe('')
    return undefined
  }
}

describe.each(Object.entries(dialects))('%s of the proposals', (_, { read, writers, good }) => {
  /** Reads or refuses a text; what was read is written or refused in each dialect, and what is written reads again. */
  function judge(text: string): boolean {
    const def = orRefused(() => read(text))
    if (def === undefined) return false
    expect(JSON.parse(JSON.stringify(def))).toEqual(def)
    for (const [dialect, write] of writers) {
      const written = orRefused(() => write(def as never))
      if (written !== undefined) expect(read(written), `${dialect}: ${written}`).toEqual(def)
    }
    return true
  }

  it.each(good)('are read: %s', (text) => {
    expect(judge(text)).toBe(true)
  })

  it('are read or refused, whatever is put into them', () => {
    const next = random(seed)
    let reads = 0
    for (let round = 0; round < 1000; round++) if (judge(mutant(good[round % good.length] as string, next))) reads++
    // neither does every mutant pass, nor none
    expect(reads).toBeGreaterThan(50)
    expect(reads).toBeLessThan(900)
  })

  it('are read or refused, wherever they are cut', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...good).chain(cutAnywhere))
    fc.assert(
      fc.property(text, (each) => void judge(each)),
      { numRuns: 400, seed },
    )
  })

  it.each([
    ['blanks', ' '],
    ['digits', '9'],
    ['dots', '.'],
    ['colons', ':'],
    ['line breaks', '&#10;'],
    ['elements', '<source/>'],
    ['nested elements', '<source>'],
    ['attributes', ' a="1"'],
  ])('come to an end with 30,000 %s', (_name, piece) => {
    const many = piece.repeat(30_000)
    for (const each of good) for (const place of ['="', '>']) judge(each.replace(place, () => place + many))
  })
})

const cutAnywhere = (text: string) =>
  fc
    .tuple(fc.nat(text.length), fc.nat(text.length), fc.string({ unit: 'binary', maxLength: 4 }))
    .map(([from, to, put]) => {
      const [first, last] = from < to ? [from, to] : [to, from]
      return text.slice(0, first) + put + text.slice(last)
    })
