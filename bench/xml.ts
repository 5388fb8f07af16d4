import { SaxesParser } from 'saxes'
import { hosts } from '../src/mock.js'
import { nodeDevice } from '../src/model/node-device.js'
import type { XmlElement } from '../src/xml/element.js'
import { parseXml } from '../src/xml/parse.js'
import { type Benchmark, inTurns } from './result.js'

/** Every kind of device that the ready hosts have, so often that a round takes some milliseconds. */
const defs = Object.values(hosts).flatMap((host) =>
  (host().devices ?? []).filter((device) => typeof device !== 'string'),
)
const repeat = 12
const documents = defs.map((def) => nodeDevice.format(def))

/** The tokens of a document, as somebody would concatenate them who knows it already. */
function tokens(element: XmlElement, depth: number, out: string[]): void {
  const escaped = (text: string) => text.replace(/[&<>'"]/g, (character) => `&#${character.charCodeAt(0)};`)
  const indent = '  '.repeat(depth)
  out.push(indent, '<', element.name)
  for (const [name, value] of Object.entries(element.attributes)) out.push(' ', name, "='", escaped(value), "'")
  const { children } = element
  if (children.length === 0)
    out.push(...(element.text ? ['>', escaped(element.text), '</', element.name, '>\n'] : ['/>\n']))
  else {
    out.push('>\n')
    for (const child of children) tokens(child, depth + 1, out)
    out.push(indent, '</', element.name, '>\n')
  }
}
const lists = documents.map((xml) => {
  const out: string[] = []
  tokens(parseXml(xml), 0, out)
  return out
})

/** Joins tokens into one flat string: concatenation alone would leave a rope that nobody has paid for yet. */
function concatenate(list: readonly string[]): number {
  let text = ''
  for (const token of list) text += token
  return flatten(text)
}

/** Has a rope made flat, as whoever sends or stores it does. */
const flatten = (text: string): number => text.charCodeAt(text.length >> 1)

/** Does it with each item; answers the processor's time, which other programs on the machine do not lengthen. */
function each<T>(items: readonly T[], work: (item: T) => void): () => number {
  return () => {
    const before = process.cpuUsage()
    for (let n = 0; n < repeat; n++) for (const item of items) work(item)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }
}

/** Reading and writing of node devices against the least that reading and writing XML can cost. */
export const xml: Benchmark = {
  name: 'xml',
  async run() {
    const parser = new SaxesParser({ position: false })
    const [read = 0, saxes = 1, write = 0, joined = 1] = await inTurns(
      [
        each(documents, (text) => nodeDevice.parse(text)),
        each(documents, (text) => parser.write(text).close()),
        each(defs, (def) => flatten(nodeDevice.format(def))),
        each(lists, concatenate),
      ],
      75,
    )
    const perDocument = (milliseconds: number) => (milliseconds * 1000) / (repeat * documents.length)
    return [
      {
        name: 'typed read',
        value: perDocument(read),
        unit: 'µs a document',
        peer: 'saxes alone, one parser, no handlers',
        ratio: read / saxes,
        goal: 2,
        bound:
          'saxes itself, about half of the time; 13 % is garbage collection, and no function of ours has more than 5 %',
      },
      {
        name: 'typed write',
        value: perDocument(write),
        unit: 'µs a document',
        peer: 'concatenation of the same tokens',
        ratio: write / joined,
        goal: 4,
      },
    ]
  },
}
