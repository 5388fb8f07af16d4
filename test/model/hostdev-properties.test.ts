import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { type HostdevDef, hostdev } from '../../src/model/hostdev.js'
import { formatHostdev, hostdevDialects, parseHostdev } from '../../src/model/hostdev-dialects.js'
import { guestInterface } from '../../src/model/interface.js'
import { lost } from '../../src/model/loss.js'
import type { Document } from '../../src/xml/document.js'
import { arbitrary, members, membersOf, rounds, type Schema } from './arbitrary-def.js'

/** What a writer makes of a def, unless a rule refuses the def. */
function written(write: () => string): string | undefined {
  try {
    return write()
  } catch (error) {
    expect(VirtError.is(error, 'invalid-argument', 'config-unsupported')).toBe(true)
    return undefined
  }
}

/** Addresses, teamings and routes are one table each, wherever they stand. */
const row = (member: string) => member.replace(/^.*\.(address|teaming|ips|routes)\./, '$1.')

describe('any hostdev or interface', () => {
  const schemas = { hostdev: hostdev.schema() as Schema, interface: guestInterface.schema() as Schema }
  const seen = new Set<string>()
  const all = Object.entries(schemas).flatMap(([name, schema]) => members(schema, name).map(row))
  /** Rows that nothing has had so far; libvirt has no word for a generic SCSI source, proposal-2008 does. */
  const unseen = () => all.filter((member) => !seen.has(member) && !member.startsWith('hostdev.scsi.source.generic'))

  const isReadBack = (name: keyof typeof schemas, document: Document<unknown>) =>
    fc.property(arbitrary(schemas[name]), (def) => {
      const xml = written(() => document.format(def))
      if (xml === undefined) return
      const read = document.parse(xml)
      expect(lost(def, read)).toEqual([])
      expect(document.parse(document.format(read))).toEqual(read)
      for (const member of membersOf(read, name)) seen.add(row(member))
    })

  it('is read back as it was written, until every row of the tables has been', { timeout: 600_000 }, () => {
    for (const seed of rounds(() => unseen().length === 0)) {
      fc.assert(isReadBack('hostdev', hostdev), { numRuns: 1500, seed })
      fc.assert(isReadBack('interface', guestInterface), { numRuns: 1500, seed })
    }
    expect(unseen()).toEqual([])
  })
})

describe('any hostdev', () => {
  it.each(hostdevDialects)('keeps its meaning in %s, or is refused', (dialect) => {
    fc.assert(
      fc.property(arbitrary(hostdev.schema() as Schema), (def) => {
        const xml = written(() => formatHostdev(def as HostdevDef, { dialect }))
        if (xml !== undefined) expect(lost(def, parseHostdev(xml))).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it.each([{}, { compat: true }, { strict: true }])('that is damaged is read or refused, with %o', (options) => {
    const mangled = fc
      .tuple(arbitrary(hostdev.schema() as Schema), fc.nat(), fc.nat(40), fc.string({ maxLength: 6 }))
      .map(([def, at, length, text]) => {
        const xml = written(() => hostdev.format(def as HostdevDef)) ?? '<hostdev/>'
        const start = at % xml.length
        return xml.slice(0, start) + text + xml.slice(start + length)
      })
    fc.assert(
      fc.property(mangled, (xml) => {
        try {
          parseHostdev(xml, options)
          hostdev.validate(xml)
        } catch (error) {
          expect(VirtError.is(error)).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
