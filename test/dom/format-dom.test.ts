import type { Document, Element } from '@xmldom/xmldom'
import { describe, expect, it } from 'vitest'
import { formatDom } from '../../src/dom/format-dom.js'
import { parseDom } from '../../src/dom/parse-dom.js'

/** A document whose root was given something. */
function made(change: (root: Element, document: Document) => unknown): string {
  const document = parseDom('<a><b/></a>')
  change(document.documentElement as Element, document)
  return formatDom(document)
}

describe('formatDom', () => {
  it('escapes as libvirt does', () => {
    const xml = `<a b='&lt;&gt;&amp;&apos;&quot;&#9;&#10;&#13;'>&lt;&gt;&amp;&apos;&quot;\t\n&#13;</a>\n`
    expect(formatDom(parseDom(xml))).toBe(xml)
  })

  it('writes one element', () => {
    expect(formatDom(parseDom('<a> <b c="1"/> </a>').documentElement?.childNodes[1] as Element)).toBe(`<b c='1'/>`)
  })

  it('declares a namespace that is used', () => {
    const xml = made((root, document) => {
      const child = document.createElementNS('urn:q', 'q:c')
      child.setAttributeNS('urn:q', 'q:d', '1')
      child.setAttributeNS('urn:r', 'r:e', '2')
      root.appendChild(child).appendChild(document.createElementNS('urn:q', 'q:f'))
      root.appendChild(document.createElementNS('urn:s', 'g'))
    })
    expect(xml).toBe(`<a><b/><q:c q:d='1' r:e='2' xmlns:q='urn:q' xmlns:r='urn:r'><q:f/></q:c><g xmlns='urn:s'/></a>\n`)
  })

  it.each<[what: string, change: (root: Element, document: Document) => unknown]>([
    ['a comment that ends early', (root, document) => root.appendChild(document.createComment('--><evil/><!--'))],
    ['a comment with a dash at its end', (root, document) => root.appendChild(document.createComment('a-'))],
    ['an instruction that ends early', (root, d) => root.appendChild(d.createProcessingInstruction('a', '?><evil/>'))],
    ['an element with markup for a name', (root, document) => root.appendChild(document.createElement('a><evil/'))],
    ['an element without a name', (root, document) => root.appendChild(document.createElement(''))],
    ['an attribute with markup for a name', (root) => root.setAttribute(`b='1'><evil/><c d`, '')],
    ['a control character in text', (root, document) => root.appendChild(document.createTextNode('\u0007'))],
    ['a control character in an attribute', (root) => root.setAttribute('b', '\u001b')],
    ['a lone surrogate in a comment', (root, document) => root.appendChild(document.createComment('\ud800'))],
  ])('refuses %s', (_, change) => {
    expect(() => made(change)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('says where the fault is', () => {
    const spoil = (root: Element) => (root.firstChild as Element).setAttribute('c', '\u0001')
    expect(() => made(spoil)).toThrow('/a/b holds U+0001, which XML cannot say; remove it')
  })
})
