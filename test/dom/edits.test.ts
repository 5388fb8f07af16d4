import { describe, expect, it } from 'vitest'
import type { GuestDeviceDef } from '../../src/dom/any-def.js'
import { DomainDocument } from '../../src/dom/domain-document.js'
import { formatDom } from '../../src/dom/format-dom.js'
import { hostdev } from '../../src/model/hostdev.js'
import { guestInterface } from '../../src/model/interface.js'
import { parseXmlInto } from '../../src/xml/parse.js'
import { corpusDocuments } from '../corpus.js'
import { domainDocuments, ownDocuments } from './domain-documents.js'

/** Everything that a document says, in order. */
function events(xml: string): unknown[] {
  const found: unknown[] = []
  parseXmlInto(
    {
      open: (name, attributes) => void found.push(['open', name, Object.entries(attributes)]),
      close: () => void found.push(['close']),
      text: (text) => void found.push(['text', text]),
      cdata: (text) => void found.push(['cdata', text]),
      comment: (text) => void found.push(['comment', text]),
      instruction: (target, body) => void found.push(['instruction', target, body]),
    },
    xml,
  )
  return found
}

/** What is inside the root, and beside it what is no white space. */
function meaning(xml: string): unknown[] {
  const all = events(xml)
  const root = all.findIndex((event) => Array.isArray(event) && event[0] === 'open')
  return all.filter((event, i) => (i >= root && i < all.length - 1) || (event as unknown[])[0] !== 'text')
}

/** A text without one part and the white space before it. */
function without(text: string, part: string): string {
  const [before, ...after] = text.split(part)
  expect(after).toHaveLength(1)
  return before?.trimEnd() + after.join(part)
}

const pci: GuestDeviceDef = {
  kind: 'pci',
  managed: true,
  source: { address: { domain: 0, bus: 0xfe, slot: 0x1e, function: 6 } },
  alias: 'ua-new',
  rom: { file: "/a 'b' <c> & d" },
}
const nic: GuestDeviceDef = {
  kind: 'hostdev',
  managed: true,
  source: { kind: 'pci', address: { domain: 0, bus: 0xfd, slot: 0x1e, function: 6 } },
  vlan: { tags: [{ id: 42 }] },
}

const documents = domainDocuments([...ownDocuments, ...corpusDocuments(['B', 'C', 'D', 'I'])])

describe('200 domains', () => {
  it('are as different as they look', () => {
    expect(new Set(documents).size).toBeGreaterThanOrEqual(corpusDocuments().length > 0 ? 200 : 40)
  })

  it('come out as they went in', () => {
    for (const xml of documents) expect(meaning(DomainDocument.parse(xml).toString()), xml).toEqual(meaning(xml))
  })

  it.each<[string, GuestDeviceDef]>([
    ['hostdev', pci],
    ['interface', nic],
  ])('have one more %s, and no other change, when it is added', (_, def) => {
    for (const xml of documents) {
      const domain = DomainDocument.parse(xml)
      const before = domain.toString()
      const added = formatDom(domain.add(def))
      expect(without(domain.toString(), added), xml).toBe(before)
      const document = def.kind === 'pci' ? hostdev : guestInterface
      expect(document.parse(added)).toEqual(def)
      domain.remove(def)
      expect(domain.toString()).toBe(before)
    }
  })

  it('differ in one element when it is replaced', () => {
    for (const xml of documents) {
      const domain = DomainDocument.parse(xml)
      const [old] = domain.select('/domain/devices/hostdev | /domain/devices/interface[@type="hostdev"]')
      if (!old) continue
      const before = domain.toString()
      const gone = formatDom(old)
      const came = formatDom(domain.replace(old, pci))
      expect(domain.toString(), xml).toBe(before.replace(gone, () => came))
      expect(hostdev.parse(came)).toEqual(pci)
    }
  })

  it('lack one element, and nothing else, when it is removed', () => {
    for (const xml of documents) {
      const domain = DomainDocument.parse(xml)
      for (const element of domain.select('/domain/devices/hostdev')) {
        const before = domain.toString()
        domain.remove(element)
        expect(domain.toString(), xml).toBe(without(before, formatDom(element)))
      }
    }
  })
})
