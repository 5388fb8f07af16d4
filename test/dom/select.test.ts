import type { Attr } from '@xmldom/xmldom'
import { describe, expect, it } from 'vitest'
import { parseDom } from '../../src/dom/parse-dom.js'
import { evaluate, select } from '../../src/dom/select.js'
import { XPath } from '../../src/dom/xpath.js'
import type { HostdevDef } from '../../src/model/hostdev.js'
import { guestInterface } from '../../src/model/interface.js'
import { nodeDevice } from '../../src/model/node-device.js'
import { smallHost } from '../data/small-host.js'

const hostdev: HostdevDef = {
  kind: 'usb',
  managed: false,
  source: { vendor: 0x0483, product: 0x2016, address: { bus: 3, device: 5 } },
}
const vdpa = guestInterface.parse(`<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>`)

describe('select', () => {
  it('selects in any def', () => {
    const device = nodeDevice.parse(smallHost[1] ?? '')
    expect(select<Attr>(device, '//capability/@type').map(({ value }) => value)).toEqual(['pci'])
    expect(select(hostdev, '/hostdev/source/*').map(({ nodeName }) => nodeName)).toEqual([
      'vendor',
      'product',
      'address',
    ])
    expect(select(vdpa, '//source[@dev]')).toHaveLength(1)
  })

  it('answers in document order, and an empty list for nothing', () => {
    expect(select<Attr>(hostdev, '//address/@device | //vendor/@id').map(({ value }) => value)).toEqual(['0x0483', '5'])
    expect(select(hostdev, '//rom')).toEqual([])
  })

  it.each(['//', 'hostdev[', '1 +', 'nonsense(1)', '//q:arg', '$variable', '1 + 1', ''])('refuses %j', (expression) => {
    expect(() => select(hostdev, expression)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

describe('evaluate', () => {
  it.each<[string, string | number | boolean]>([
    ['count(//source/*)', 3],
    ['//vendor/@id', '0x0483'],
    ['string(//nothing)', ''],
    ['//address/@bus = 3', true],
    ['concat(name(/*), "!")', 'hostdev!'],
  ])('answers the value of %s', (expression, value) => {
    expect(evaluate(hostdev, expression)).toBe(value)
  })
})

describe('XPath', () => {
  it('finds the same with an expression it has parsed before, and one it has forgotten', () => {
    const xpath = new XPath()
    const document = parseDom('<a><b/><b/></a>')
    const expressions = Array.from({ length: 200 }, (_, i) => `count(//b) + ${i}`)
    for (let round = 0; round < 2; round++)
      expect(expressions.map((expression) => xpath.evaluate(expression, document))).toEqual(
        expressions.map((_, i) => 2 + i),
      )
  })
})
