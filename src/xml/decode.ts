import { VirtError } from '../errors.js'

/**
 * Encodings this library reads, and how; libvirt itself writes UTF-8 only. US-ASCII is a part of UTF-8.
 */
const decoders: Readonly<Record<string, (bytes: Uint8Array) => string>> = {
  'utf-8': (bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes),
  'us-ascii': (bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes),
  'utf-16le': (bytes) => new TextDecoder('utf-16le', { fatal: true }).decode(bytes),
  'utf-16be': (bytes) => new TextDecoder('utf-16be', { fatal: true }).decode(bytes),
  // not by TextDecoder, which takes that name for windows-1252
  'iso-8859-1': (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''),
}

/** What the first bytes of a document tell of its encoding: byte order marks, and `<?` in UTF-16. */
const beginnings: readonly (readonly [encoding: string, ...bytes: number[]])[] = [
  ['utf-8', 0xef, 0xbb, 0xbf],
  ['utf-16le', 0xff, 0xfe],
  ['utf-16be', 0xfe, 0xff],
  ['utf-16le', 0x3c, 0, 0x3f, 0],
  ['utf-16be', 0, 0x3c, 0, 0x3f],
]

/**
 * The text of a document given as bytes. The encoding comes from its first bytes, else from the XML declaration, else
 * it is UTF-8 (XML 1.0, appendix F).
 *
 * @throws VirtError `xml-syntax` for bytes that are not text in that encoding
 */
export function decodeXml(bytes: Uint8Array): string {
  const encoding = encodingOf(bytes)
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined
  if (!decode)
    throw new VirtError('xml-syntax', `the document says it is in ${encoding}; save it as UTF-8`, { line: 1 })
  try {
    return decode(bytes)
  } catch (cause) {
    throw new VirtError('xml-syntax', `the document is not text in ${encoding}; save it as UTF-8`, { cause })
  }
}

function encodingOf(bytes: Uint8Array): string {
  const [known] = beginnings.find(([, ...start]) => start.every((byte, index) => bytes[index] === byte)) ?? []
  if (known !== undefined) return known
  const start = String.fromCharCode(...bytes.subarray(0, 200))
  return /^<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]+)["']/.exec(start)?.[1]?.toLowerCase() ?? 'utf-8'
}
