import type { XmlElement } from '../../src/xml/element.js'
import { parseXml } from '../../src/xml/parse.js'
import { XmlWriter } from '../../src/xml/writer.js'

/** Random numbers from a seed, so that a failing run can be repeated (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) % below
  }
}

const spellings = [
  (value: bigint) => `0x${value.toString(16)}`,
  (value: bigint) => `0X${value.toString(16).toUpperCase()}`,
  (value: bigint) => `0${value.toString(8)}`,
  (value: bigint) => value.toString(),
  (value: bigint) => `+${value}`,
  (value: bigint) => ` ${value}`,
  (value: bigint) => `${value} `,
  (value: bigint) => `00${value}`,
]

/** The same document in another spelling of its numbers and another order of attributes and elements. */
export function respell(xml: string, random: (below: number) => number): string {
  const writer = new XmlWriter()
  write(parseXml(xml), writer, random)
  return writer.toString()
}

function write(element: XmlElement, writer: XmlWriter, random: (below: number) => number): void {
  writer.open(element.name)
  for (const [name, value] of shuffled(Object.entries(element.attributes), random))
    writer.attribute(name, respelt(name, value, random))
  if (element.children.length === 0) writer.text(element.text)
  for (const child of shuffled(element.children, random)) write(child, writer, random)
  writer.close()
}

function respelt(name: string, value: string, random: (below: number) => number): string {
  if (
    random(3) > 0 ||
    ['name', 'file', 'usage', 'loadparm'].includes(name) ||
    !/^(0x[\da-f]{1,8}|\d{1,10})$/.test(value)
  )
    return value
  return spellings[random(spellings.length)]?.(BigInt(value)) ?? value
}

function shuffled<T>(items: readonly T[], random: (below: number) => number): T[] {
  const left = [...items]
  return items.map(() => left.splice(random(left.length), 1)[0] as T)
}
