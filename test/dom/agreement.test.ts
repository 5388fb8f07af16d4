import { describe, expect, it } from 'vitest'
import { parseDom } from '../../src/dom/parse-dom.js'
import * as dom from '../../src/dom/read.js'
import { VirtError } from '../../src/errors.js'
import { readHostdev } from '../../src/model/hostdev-dialects.js'
import { guestInterface } from '../../src/model/interface.js'
import { nodeDevice } from '../../src/model/node-device.js'
import type { ReadOptions } from '../../src/xml/document.js'
import { parseXml } from '../../src/xml/parse.js'
import { corpusDocuments } from '../corpus.js'
import { seed } from '../seed.js'
import { ownDocuments } from './domain-documents.js'
import { mutant, random } from './mutants.js'

/** What comes of reading: a def, or the error in full. */
function outcome(read: () => unknown): unknown {
  try {
    return { def: read() }
  } catch (error) {
    if (!VirtError.is(error)) throw error
    const { code, message, details } = error
    return { code, message, path: details.path, line: details.line }
  }
}

const readings: readonly ReadOptions[] = [{}, { strict: true }, { compat: true }]

function bothFaces(xml: string, options: ReadOptions): [string: unknown, dom: unknown] {
  const element = () => parseDom(xml, options.limits).documentElement as NonNullable<unknown> as never
  const is = (root: string) => new RegExp(`^\\s*(<[?!][^>]*>\\s*)*<${root}\\b`).test(xml)
  if (is('interface'))
    return [outcome(() => guestInterface.parse(xml, options)), outcome(() => dom.readInterface(element(), options))]
  if (is('device'))
    return [outcome(() => nodeDevice.parse(xml, options)), outcome(() => dom.readNodeDevice(element(), options))]
  return [outcome(() => readHostdev(parseXml(xml), options)), outcome(() => dom.readHostdev(element(), options))]
}

const documents = [...ownDocuments, ...corpusDocuments()]

describe('a DOM and a string', () => {
  it.each(readings)('say the same of every document, read with %j', (options) => {
    for (const xml of documents) {
      const [text, tree] = bothFaces(xml, options)
      expect(tree, xml).toEqual(text)
    }
  })

  it('say the same of 10,000 mutants', () => {
    const next = random(seed)
    const counts = { read: 0, refused: 0 }
    for (let i = 0; i < 10_000; i++) {
      const xml = mutant(documents[Math.floor(next() * documents.length)] ?? '', next)
      const [text, tree] = bothFaces(xml, readings[i % readings.length] ?? {})
      expect(tree, xml).toEqual(text)
      counts['def' in (text as object) ? 'read' : 'refused']++
    }
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(1000)
  }, 60_000)
})
