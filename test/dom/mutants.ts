/** Numbers from 0 to below 1 that are the same each time (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const contents = [
  '<!-- note -->',
  '<?keep it?>',
  '<![CDATA[ <1> ]]>',
  '<x/>',
  '<x:y xmlns:x="urn:x"/>',
  '<q:arg/>',
  '&#x41;',
  '\r\n',
]
const attributes = [
  " id='0x1'",
  ` type="pci"`,
  " xmlns='urn:u'",
  " xmlns:a='urn:a' a:b='1'",
  " a:b='1'",
  " xmlns:a='u' xmlns:b='u' a:c='' b:c=''",
  " name='&#10;'",
  '\t',
]
const characters = [
  ...'09afxX-+.,:;/ \n\t\u00e9\u{1d54f}',
  '&amp;',
  '99999999999',
  '&',
  '<',
  '>',
  "'",
  '"',
  '\0',
  ']]>',
  '',
]

/** A document with one to three oddities in it, of which some are faults. */
export function mutant(document: string, next: () => number): string {
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T
  const places = (text: string, pattern: RegExp) =>
    [...text.matchAll(pattern)].map(({ index, 0: { length } }) => index + length)
  const changes: readonly ((text: string) => [at: number, gone: number, piece: string])[] = [
    (text) => [oneOf([0, ...places(text, />/g)]), 0, oneOf(contents)],
    (text) => [oneOf([0, ...places(text, /<[\w:]+/g)]), 0, oneOf(attributes)],
    (text) => [oneOf([0, ...places(text, /[\w.]/g)]), oneOf([0, 1, 2]), oneOf(characters)],
    (text) => [Math.floor(next() * text.length), oneOf([0, 1, 9]), oneOf(characters)],
  ]
  let text = document
  for (let times = oneOf([1, 1, 2, 3]); times > 0; times--) {
    const [at, gone, piece] = oneOf(changes)(text)
    text = text.slice(0, at) + piece + text.slice(at + gone)
  }
  return text
}
