import type { Vpd } from './kinds/vpd.js'
import { known } from './known.js'

/** Resource tags; PCI Local Bus Specification 3.0, appendix I. */
const tag = { string: 0x82, readOnly: 0x90, readWrite: 0x91, end: 0x0f } as const
const largeResource = 0x80
/** Addresses have 15 bits. */
const space = 0x8000

/** Values by keyword. */
type Fields = ReadonlyMap<string, string>

/**
 * Vital product data of a PCI device, from the bytes of its `vpd` file.
 *
 * @returns `undefined` for what libvirt, too, takes for no valid VPD: no VPD-R, a checksum that is wrong or not in the
 * last field, a field that leaves its resource, no end tag (`virPCIVPDParse`)
 */
export function parsePciVpd(bytes: Uint8Array): Vpd | undefined {
  let name: string | undefined
  let readOnly: Fields | undefined
  let readWrite: Fields | undefined
  /** What has been read adds up to this; libvirt's checksum knows nothing of what is passed over. */
  let sum = 0
  for (let at = 0; at < Math.min(bytes.length, space); ) {
    const first = bytes[at] as number
    const large = (first & largeResource) !== 0
    const kind = large ? first : first >> 3
    if (kind === tag.end) return readOnly && toDef(name, readOnly, readWrite)
    const length = large ? (bytes[at + 1] ?? 0) | ((bytes[at + 2] ?? 0) << 8) : first & 7
    const start = at + (large ? 3 : 1)
    const end = start + length
    if (end > Math.min(bytes.length, space)) return undefined
    sum += total(bytes, at, start)
    if (kind === tag.string) {
      name = textOf(bytes.subarray(start, end))
      if (name === undefined) return undefined
      sum += total(bytes, start, end)
    } else if (kind === tag.readOnly) {
      // several of them add up
      const more = readOnlyFields(bytes, start, end, sum)
      if (!more) return undefined
      readOnly = new Map([...(readOnly ?? []), ...more])
      sum = 0
    } else if (kind === tag.readWrite) {
      const more = readWriteFields(bytes, start, end)
      if (!more) return undefined
      readWrite = new Map([...(readWrite ?? []), ...more.values])
      sum += total(bytes, start, more.end)
    }
    at = end
  }
  return undefined
}

interface Field {
  readonly keyword: string
  readonly from: number
  readonly to: number
}

/** The fields of a resource; the last may leave it. */
function* fieldsOf(bytes: Uint8Array, start: number, end: number): Generator<Field, void, undefined> {
  for (let at = start; at + 3 <= end; ) {
    const [first = 0, second = 0, length = 0] = bytes.subarray(at, at + 3)
    const from = at + 3
    at = from + length
    yield { keyword: String.fromCharCode(first, second), from, to: at }
  }
}

function readOnlyFields(bytes: Uint8Array, start: number, end: number, before: number): Fields | undefined {
  const values = new Map<string, string>()
  for (const { keyword, from, to } of fieldsOf(bytes, start, end)) {
    if (keyword === 'RV') return to === end && addsUp(bytes, start, from, before) ? values : undefined
    if (keyword === 'RW' || to > end) return undefined
    keep(values, keyword, bytes.subarray(from, to))
  }
  return undefined
}

/** VPD-W may lack the field for the room that is left, as some vendors' does. */
function readWriteFields(
  bytes: Uint8Array,
  start: number,
  end: number,
): { values: Fields /** Where the values end. */; end: number } | undefined {
  const values = new Map<string, string>()
  let reached = start
  let used = start
  for (const { keyword, from, to } of fieldsOf(bytes, start, end)) {
    if (keyword === 'RV' || to > end) return undefined
    reached = to
    used = keyword === 'RW' ? from : to
    if (keyword === 'RW') break
    keep(values, keyword, bytes.subarray(from, to))
  }
  return reached === end ? { values, end: used } : undefined
}

const textual = /^(EC|MN|PN|SN|YA|[VY][0-9A-Z])$/

/**
 * Keeps a value that is text; of the binary one (CP) only that it was there, for that makes libvirt list the section.
 */
function keep(values: Map<string, string>, keyword: string, value: Uint8Array): void {
  const text = textual.test(keyword) ? textOf(value) : keyword === 'CP' ? '' : undefined
  if (text !== undefined) values.set(keyword, text)
}

const total = (bytes: Uint8Array, from: number, to: number): number =>
  bytes.subarray(from, to).reduce((sum, byte) => sum + byte, 0)

/** All bytes up to the first of the RV field add up to 0. */
const addsUp = (bytes: Uint8Array, start: number, checksum: number, before: number): boolean =>
  checksum < bytes.length && ((before + total(bytes, start, checksum + 1)) & 0xff) === 0

/** Text up to the first NUL, without what GLib takes for blanks around it; `undefined` unless it is printable ASCII. */
function textOf(bytes: Uint8Array): string | undefined {
  const [text = ''] = String.fromCharCode(...bytes).split('\0', 1)
  const trimmed = text.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '')
  return /^[\x20-\x7e]*$/.test(trimmed) ? trimmed : undefined
}

function toDef(name: string | undefined, readOnly: Fields, readWrite: Fields = new Map()): Vpd {
  return known<Vpd>({
    name,
    readOnly:
      readOnly.size === 0
        ? undefined
        : known<NonNullable<Vpd['readOnly']>>({
            changeLevel: readOnly.get('EC'),
            manufactureId: readOnly.get('MN'),
            partNumber: readOnly.get('PN'),
            serialNumber: readOnly.get('SN'),
            vendorFields: numbered(readOnly, /^V/),
          }),
    readWrite:
      readWrite.size === 0
        ? undefined
        : known<NonNullable<Vpd['readWrite']>>({
            assetTag: readWrite.get('YA'),
            vendorFields: numbered(readWrite, /^V/),
            systemFields: numbered(readWrite, /^Y[^A]/),
          }),
  })
}

/** Fields that are told apart by the second character of their keyword. */
function numbered(fields: Fields, pattern: RegExp): { index: string; value: string }[] | undefined {
  const found = [...fields].filter(([keyword]) => pattern.test(keyword))
  return found.length === 0 ? undefined : found.map(([keyword, value]) => ({ index: keyword.charAt(1), value }))
}
