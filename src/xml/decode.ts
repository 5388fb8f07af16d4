import { VirtError } from '../errors.js'

/** Encodings this library reads; libvirt itself writes UTF-8 only. */
const readable = new Set(['utf-8', 'utf-16le', 'utf-16be', 'iso-8859-1', 'windows-1252', 'us-ascii'])

/**
 * The text of a document given as bytes. The encoding comes from the byte order mark, else from the XML
 * declaration, else it is UTF-8 (XML 1.0, appendix F).
 *
 * @throws VirtError `xml-syntax` for bytes that are not text in that encoding
 */
export function decodeXml(bytes: Uint8Array): string {
  const encoding = encodingOf(bytes)
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new VirtError('xml-syntax', `the document is not text in ${encoding}; save it as UTF-8`, { cause })
  }
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8'
  const start = String.fromCharCode(...bytes.subarray(0, 200))
  const declared = /^<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]+)["']/.exec(start)?.[1]?.toLowerCase() ?? 'utf-8'
  if (readable.has(declared) && !declared.startsWith('utf-16')) return declared
  throw new VirtError('xml-syntax', `the document says it is in ${declared}; save it as UTF-8`, { line: 1 })
}
