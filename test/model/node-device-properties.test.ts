import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { netFeatures } from '../../src/model/kinds/net.js'
import { lost } from '../../src/model/loss.js'
import { capability, type NodeDeviceDef, nodeDevice } from '../../src/model/node-device.js'
import { formatNodeDevice, nodeDeviceDialects, parseNodeDevice } from '../../src/model/node-device-dialects.js'
import { arbitrary, members, membersOf, rounds, type Schema } from './arbitrary-def.js'

const schema = nodeDevice.schema() as Schema
const admits = new Ajv2020().compile(nodeDevice.schema())

/** Defs whose only capability is of one kind. */
function defsOf(kind: string): fc.Arbitrary<NodeDeviceDef> {
  const { capabilities = {}, ...rows } = schema.properties ?? {}
  const items = capabilities.items?.oneOf?.find(({ properties }) => properties?.kind?.const === kind) as Schema
  const single = { ...schema, properties: { ...rows, capabilities: { ...capabilities, items } } }
  return (arbitrary(single) as fc.Arbitrary<NodeDeviceDef>).filter(parentInFull).map(featuresInOrder)
}

const parentInFull = ({ parentWwnn, parentWwpn }: NodeDeviceDef) =>
  (parentWwnn === undefined) === (parentWwpn === undefined)

/** libvirt holds the features of an interface as a set, and so they are written. */
function featuresInOrder(def: NodeDeviceDef): NodeDeviceDef {
  for (const each of def.capabilities)
    if (each.kind === 'net' && each.features)
      each.features = netFeatures.filter((feature) => each.features?.includes(feature))
  return def
}

describe.each(Object.keys(capability.arms))('any device of kind %s', (kind) => {
  const seen = new Set<string>()
  const unseen = () =>
    members(schema, 'device').filter((member) => member.startsWith(`device.capabilities.${kind}.`) && !seen.has(member))

  it('is read back as it was written', () => {
    const property = fc.property(defsOf(kind), (def) => {
      const read = nodeDevice.parse(nodeDevice.format(def))
      expect(read).toEqual(def)
      expect(admits(read)).toBe(true)
      for (const member of membersOf(read, 'device')) seen.add(member)
    })
    for (const seed of rounds(() => unseen().length === 0)) fc.assert(property, { numRuns: 200, seed })
  })

  it('has every row of its tables written and read by that', () => {
    expect(unseen()).toEqual([])
  })

  it('keeps in compat what libvirt would keep, and no less the second time', () => {
    fc.assert(
      fc.property(defsOf(kind), (def) => {
        const xml = nodeDevice.format(def, { compat: true })
        try {
          const kept = nodeDevice.parse(xml, { compat: true })
          const again = nodeDevice.format(kept, { compat: true })
          expect(nodeDevice.format(nodeDevice.parse(again, { compat: true }), { compat: true })).toBe(again)
        } catch (error) {
          expect(VirtError.is(error, 'xml-invalid')).toBe(true)
        }
      }),
      { numRuns: 100 },
    )
  })

  it.each(nodeDeviceDialects)('keeps its meaning in %s, or is refused', (dialect) => {
    fc.assert(
      fc.property(defsOf(kind), (def) => {
        try {
          expect(lost(def, parseNodeDevice(formatNodeDevice(def, { dialect })))).toEqual([])
        } catch (error) {
          expect(VirtError.is(error, 'config-unsupported', 'invalid-argument')).toBe(true)
        }
      }),
      { numRuns: 100 },
    )
  })

  it.each([{}, { compat: true }, { strict: true }])('that is damaged is read or refused, with %o', (options) => {
    const mangled = fc
      .tuple(defsOf(kind), fc.nat(), fc.nat(40), fc.string({ maxLength: 6 }))
      .map(([def, at, length, text]) => {
        const xml = nodeDevice.format(def)
        const start = at % xml.length
        return xml.slice(0, start) + text + xml.slice(start + length)
      })
    fc.assert(
      fc.property(mangled, (xml) => {
        try {
          const read = parseNodeDevice(xml, options)
          expect(parseNodeDevice(formatNodeDevice(read))).toEqual(read)
          nodeDevice.validate(xml)
        } catch (error) {
          expect(VirtError.is(error)).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })
})
