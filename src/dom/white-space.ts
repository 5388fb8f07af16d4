import type { CharacterData, Document, Element, Node } from '@xmldom/xmldom'
import { childrenOf, isElement } from './dom-node.js'

/** How an element lays out its children: each on a line, or all on one. */
interface Layout {
  /** Before each child: a line break and blanks, or nothing. */
  readonly gap: string
  /** Before the end tag. */
  readonly end: string
  /** How much further in children stand. */
  readonly unit: string
}

/** White space between elements, as opposed to text. */
const isBlank = (node: Node | null): node is CharacterData => node?.nodeType === 3 && /^\s*$/.test(node.nodeValue ?? '')

/** The last line break before a node and the blanks after it. */
const gapBefore = (node: Node): string => {
  const { previousSibling } = node
  return isBlank(previousSibling) ? (/\n[ \t]*$/.exec(previousSibling.data)?.[0] ?? '') : ''
}

/** How the children of an element are laid out, or would be if it had some. */
function layoutOf(parent: Element): Layout {
  const end = gapBefore(parent)
  const first = childrenOf<Node>(parent).find(isElement)
  const gap = first ? gapBefore(first) : end && `${end}  `
  return { gap, end, unit: gap.slice(end.length || 1) || '  ' }
}

/** Lays out an element, made of elements on lines of their own, for the place it is put in. */
function relayout(element: Element, { gap, unit }: Omit<Layout, 'end'>): void {
  const children = childrenOf<Node>(element)
  if (!children.some(isElement) || !children.every((child) => isElement(child) || isBlank(child))) return
  const inner = gap && gap + unit
  for (const child of children) {
    if (isBlank(child)) child.data = child.nextSibling ? inner : gap
    else relayout(child as Element, { gap: inner, unit })
  }
}

/** Whatever stands behind a node on its line: a comment there is about that node. */
function endOfLine(node: Node): Node {
  let last = node
  for (let next = node.nextSibling; next; next = next.nextSibling) {
    if (next.nodeType === 8) last = next
    else if (!isBlank(next) || next.data.includes('\n')) break
  }
  return last
}

/** Puts an element into another, on a line of its own if that has lines: after one of its children, else at the end. */
export function insertOnLine(parent: Element, element: Element, after?: Node): void {
  const layout = layoutOf(parent)
  relayout(element, layout)
  const last = after
    ? endOfLine(after)
    : childrenOf<Node>(parent)
        .filter((child) => !isBlank(child))
        .at(-1)
  const next = last ? last.nextSibling : null
  const blank = (data: string) => (element.ownerDocument as Document).createTextNode(data)
  if (layout.gap !== '') parent.insertBefore(blank(layout.gap), next)
  parent.insertBefore(element, next)
  if (layout.gap !== '' && next === null) parent.appendChild(blank(layout.end))
}

/** Puts an element in the place of another. */
export function replaceOnLine(old: Element, element: Element): void {
  const parent = old.parentNode as Element
  relayout(element, { ...layoutOf(parent), gap: gapBefore(old) })
  parent.replaceChild(element, old)
}

/** Takes an element away with the white space before it. */
export function removeLine(element: Element): void {
  const { parentNode, previousSibling } = element
  if (isBlank(previousSibling)) parentNode?.removeChild(previousSibling)
  parentNode?.removeChild(element)
}
