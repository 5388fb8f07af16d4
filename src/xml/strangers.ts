import type { Finding } from './codec.js'
import { finding, refusal } from './codec.js'
import type { XmlElement } from './element.js'

/** What may stand in an element. */
export interface Known {
  readonly attributes: readonly string[]
  readonly text: boolean
  /** Whether child elements are looked at elsewhere; if not, there may be none. */
  readonly children: boolean
}

/** Collects what stands in an element though nothing is known of it. `told` are attributes that were read already. */
export function checkStrangers(
  element: XmlElement,
  { attributes, text, children }: Known,
  told: readonly string[],
  findings: Finding[],
): void {
  for (const attribute of Object.keys(element.attributes))
    if (!attributes.includes(attribute) && !told.includes(attribute))
      findings.push(finding(element, 'is not an attribute libvirt knows here', `/@${attribute}`))
  if (!text && element.text.trim() !== '') findings.push(finding(element, 'holds stray text'))
  if (children) return
  for (const child of element.children) findings.push(finding(child, 'is not an element libvirt knows here'))
}

/** Refuses the first of them. @throws VirtError `xml-invalid` */
export function refuseStrangers(element: XmlElement, known: Known, told: readonly string[]): void {
  const findings: Finding[] = []
  checkStrangers(element, known, told, findings)
  const [first] = findings
  if (first) throw refusal(first)
}
