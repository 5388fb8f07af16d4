import { VirtError } from '../errors.js'
import { checkCharacters, escapedText, quoted } from '../xml/writer.js'
import { attributesOf, childrenOf, type DomElement, type DomName, type DomNode, isElement } from './dom-node.js'
import { pathOf } from './light-tree.js'

/** Namespaces by prefix, as they are declared around what is written; a scope inherits from the one around it. */
type Scope = Record<string, string>

/** As deep as the stack surely carries; a document that was read is 256 levels deep at most, unless told. */
const deepest = 2000

/** Where a node stands, or its parent when it is no element; looked up for a message only. */
const placeOf = (node: DomNode) => ({
  get path(): string {
    const element = isElement(node) ? node : node.parentNode
    return isElement(element) ? pathOf(element) : '/'
  },
})

function refusal(node: DomNode, problem: string): VirtError {
  const { path } = placeOf(node)
  return new VirtError('invalid-argument', `${path} ${problem}`, { path })
}

/** A name is written as it stands, and xmldom takes any. */
function checkedName(name: string, node: DomNode): string {
  if (/[\s<>&'"/=]|^$/.test(name))
    throw refusal(node, `holds the name '${name.slice(0, 100)}', which XML does not allow`)
  return name
}

function startTag(element: DomElement, scope: Scope): string {
  let tag = `<${checkedName(element.nodeName, element)}`
  const named: DomName[] = [element]
  for (const attribute of attributesOf(element)) {
    const { name, value } = attribute
    if (name === 'xmlns') scope[''] = value
    else if (name.startsWith('xmlns:')) scope[name.slice('xmlns:'.length)] = value
    else if (name.includes(':')) named.push(attribute)
    tag += ` ${checkedName(name, element)}=${quoted(value, placeOf(element))}`
  }
  for (const { prefix, namespaceURI } of named) {
    const key = prefix ?? ''
    if (!namespaceURI || key === 'xml' || scope[key] === namespaceURI) continue
    scope[key] = namespaceURI
    tag += ` xmlns${key && `:${key}`}=${quoted(namespaceURI, placeOf(element))}`
  }
  return tag
}

function elementText(element: DomElement, outer: Scope, depth: number): string {
  if (depth > deepest) throw new VirtError('limit-exceeded', `the document is more than ${deepest} levels deep`)
  const scope: Scope = Object.create(outer)
  const start = startTag(element, scope)
  let inside = ''
  for (const node of childrenOf<DomNode>(element)) inside += nodeText(node, scope, depth + 1)
  return element.firstChild ? `${start}>${inside}</${element.nodeName}>` : `${start}/>`
}

function nodeText(node: DomNode, scope: Scope, depth: number): string {
  const value = node.nodeValue ?? ''
  checkCharacters(value, placeOf(node))
  switch (node.nodeType) {
    case 1:
      return elementText(node as DomElement, scope, depth)
    case 3:
      return escapedText(value, placeOf(node))
    case 4:
      if (value.includes(']]>')) throw refusal(node, "holds CDATA with ']]>' in it, which would end it; make it text")
      return `<![CDATA[${value}]]>`
    case 7:
      if (value.includes('?>')) throw refusal(node, "holds a processing instruction with '?>' in it; take it out")
      return `<?${checkedName(node.nodeName, node)}${value && ` ${value}`}?>`
    case 8:
      if (/--|-$/.test(value)) throw refusal(node, "holds a comment with '--' in it, or '-' at its end; take it out")
      return `<!--${value}-->`
    case 9:
    case 11:
      // what stands beside the root has no white space of its own
      return childrenOf(node)
        .map((child) => `${nodeText(child, scope, depth)}\n`)
        .join('')
    default:
      throw refusal(node, `holds a node of type ${node.nodeType}, which libvirt documents have not`)
  }
}

/**
 * A document or element as text, spelt as libvirt spells it: single quotes, its five entities. What libvirt wrote comes
 * out byte for byte as it was. Namespaces that are used but not declared are declared.
 *
 * @throws VirtError `invalid-argument` for what XML cannot say
 */
export function formatDom(node: DomNode): string {
  return nodeText(node, Object.create(null), 1)
}
