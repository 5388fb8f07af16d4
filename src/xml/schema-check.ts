import type { Finding } from './codec.js'
import { finding } from './codec.js'
import { XmlElement } from './element.js'
import { attributesOf, type Layout, stepOf, type TableOptions } from './layout.js'
import { checkStrangers } from './strangers.js'
import { token } from './text.js'

/** Paths take time to find, and nobody reads more findings. */
const enough = 100

/**
 * An element with its attributes as the schema compares them with words: what tells its kind may have blanks around.
 */
export function withTokens(element: XmlElement): XmlElement {
  const attributes = Object.entries(element.attributes)
  if (attributes.every(([, value]) => token(value) === value)) return element
  const tokens = Object.fromEntries(attributes.map(([name, value]) => [name, token(value)]))
  return XmlElement.fromRaw({ name: element.name, attributes: tokens })
}

/** Collects where an element departs from libvirt's RELAX NG schema, as the rows tell it. */
export function checkTable(
  layout: Layout,
  { order = 'rows', together = [] }: TableOptions,
  element: XmlElement,
  findings: Finding[],
  told: readonly string[],
): void {
  checkStrangers(element, layout.known, told, findings)
  for (const { row } of layout.attributes) {
    if (element.attributes[row.place.attribute ?? ''] !== undefined) row.check(element, findings)
    else if (!row.mayLack) findings.push(finding(element, 'is missing', stepOf(row)))
  }
  for (const [name, row] of Object.entries(layout.forgotten))
    if (row !== 'unchecked' && name.startsWith('@') && element.attributes[name.slice(1)] !== undefined)
      row.check(element, findings)
  for (const { row } of layout.bodies) if (!row.mayLack || element.text !== '') row.check(element, findings)

  let last = 0
  let group = ''
  const seen = new Set<string>()
  for (const child of element.children) {
    if (findings.length >= enough) return
    const guests = layout.guestsOf(child.name)
    for (const { row } of guests)
      if (child.attributes[row.place.attribute ?? ''] !== undefined) row.check(child, findings)
    const entry = layout.childOf(withTokens(child))
    if (!entry) {
      const row = Object.hasOwn(layout.forgotten, child.name) ? layout.forgotten[child.name] : 'unchecked'
      if (!layout.passesOver(child)) findings.push(finding(child, 'is not in the schema here'))
      else if (row !== 'unchecked') row?.check(child, findings)
      if (group === 'open') group = 'ended'
      continue
    }
    const { key, row, position } = entry
    if (order === 'rows' && position < last) findings.push(finding(child, 'stands in the wrong order'))
    if (seen.has(key) && !row.many && !row.repeats) findings.push(finding(child, 'stands twice'))
    if (together.includes(key)) {
      if (group === 'ended') findings.push(finding(child, `stands apart from ${together.join(' and ')}`))
      group = 'open'
    } else if (group === 'open') group = 'ended'
    last = position
    seen.add(key)
    row.check(child, findings, attributesOf(guests))
  }
  for (const { key, row } of layout.entries)
    if (row.place.tag !== undefined && row.place.attribute === undefined && !row.mayLack && !seen.has(key))
      findings.push(finding(element, 'is missing', stepOf(row)))
}
