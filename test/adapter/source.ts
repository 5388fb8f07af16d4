import { readFileSync } from 'node:fs'

/** A document as requests give it: as text, as bytes, or in a file. */
export interface Source {
  xml?: string
  xmlBase64?: string
  xmlFile?: string
}

/** What the library is given to read: bytes, unless the request has text. */
export function sourceOf({ xml, xmlBase64, xmlFile }: Source): string | Uint8Array {
  if (xml !== undefined) return xml
  if (xmlBase64 !== undefined) return Buffer.from(xmlBase64, 'base64')
  if (xmlFile !== undefined) return readFileSync(xmlFile)
  throw new TypeError('the request has no document')
}
