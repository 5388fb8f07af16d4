import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { create } from 'xmlbuilder2'
import type { AnyDef } from '../../src/dom/any-def.js'
import { appendHostdev, appendInterface, appendNodeDevice, type XMLBuilder } from '../../src/dom/append.js'
import { VirtError } from '../../src/errors.js'
import { type HostdevDef, hostdev } from '../../src/model/hostdev.js'
import { guestInterface } from '../../src/model/interface.js'
import { type NodeDeviceDef, nodeDevice } from '../../src/model/node-device.js'
import type { Document } from '../../src/xml/document.js'
import { arbitrary, type Schema } from '../model/arbitrary-def.js'

/** What an xmlbuilder2 document says after a def was written into it. */
const rewritten = (append: (builder: XMLBuilder) => unknown): string => {
  const builder = create()
  append(builder)
  return builder.end({ prettyPrint: false })
}

/** A schema without the elements that are kept as they came. */
const withoutKept = (schema: object): Schema =>
  JSON.parse(JSON.stringify(schema, (_, value) => (value?.items?.$ref ? undefined : value)))

function outcome(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    if (!VirtError.is(error)) throw error
    return [error.code, error.message]
  }
}

describe('a def written into xmlbuilder2', () => {
  it('goes on being built', () => {
    const devices = create().ele('domain').ele('devices')
    appendHostdev(devices, { kind: 'net', source: { interface: 'eth0' } })
      .ele('boot')
      .att('order', '1')
    appendHostdev(devices, { kind: 'misc', source: { char: '/dev/a' } })
    expect(devices.end({ headless: true })).toBe(
      '<domain><devices>' +
        '<hostdev mode="capabilities" type="net"><source><interface>eth0</interface></source><boot order="1"/></hostdev>' +
        '<hostdev mode="capabilities" type="misc"><source><char>/dev/a</char></source></hostdev>' +
        '</devices></domain>',
    )
  })

  it.each([
    '&lt;',
    '&amp;amp;',
    '&#10;',
    '&#x41;',
    '&none;',
    'a\tb\nc\rd',
    '<x/>',
    '{"a":1}',
    '---',
    ']]>',
    ' a ',
    '\'"',
    '&',
  ])('keeps %j', (value) => {
    const def: NodeDeviceDef = {
      name: value,
      capabilities: [{ kind: 'mdev', type: value, attributes: [{ name: value, value }] }],
    }
    expect(nodeDevice.parse(rewritten((builder) => appendNodeDevice(builder, def)))).toEqual(def)
  })

  it.each<[string, Document<AnyDef>, (builder: XMLBuilder, def: never) => XMLBuilder]>([
    ['hostdev', hostdev as Document<AnyDef>, appendHostdev],
    ['interface', guestInterface as Document<AnyDef>, appendInterface],
    ['node device', nodeDevice as Document<AnyDef>, appendNodeDevice],
  ])('says what it would say as text: any %s', (_, document, append) => {
    fc.assert(
      fc.property(arbitrary(withoutKept(document.schema())), (def) => {
        const built = () => rewritten((builder) => append(builder, def as never))
        expect(outcome(() => document.parse(built()))).toEqual(
          outcome(() => document.parse(document.format(def as AnyDef))),
        )
      }),
    )
  })

  it('leaves nothing behind when it cannot be written', () => {
    const devices = create().ele('devices')
    const def: HostdevDef = { kind: 'misc', source: { char: 'a\u0000' } }
    expect(() => appendHostdev(devices, def)).toThrow(
      '/hostdev/source/char holds U+0000, which XML cannot say; remove it',
    )
    expect(devices.end({ headless: true })).toBe('<devices/>')
  })

  it('cannot smuggle markup in by the names of a kept element', () => {
    const xml = { name: 'hostdev', content: [{ name: '<evil/>' }] }
    expect(() => appendHostdev(create().ele('devices'), { kind: 'other', type: 'new', xml })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})
